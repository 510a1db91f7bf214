"""``python -m tests.security.provider PORT CLIENT_ID SECRET REDIRECT``: makes the database, then serves until it is ended."""

import os
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def main(port: str, client_id: str, secret: str, redirect: str) -> None:
    """Serves."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (Path(os.environ["PROVIDER_HOME"]) / "key.pem").write_bytes(pem)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.security.provider.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    for name in ("wang", "li"):
        User.objects.create_user(name, password="provider password")
    Application.objects.create(
        client_id=client_id, client_secret=secret, redirect_uris=redirect, client_type="confidential",
        authorization_grant_type="authorization-code", algorithm="RS256", skip_authorization=True, name="xinyong",
    )  # fmt: skip
    make_server("127.0.0.1", int(port), get_wsgi_application(), handler_class=Quiet).serve_forever()


main(*sys.argv[1:])
