"""The provider's settings. Its data directory comes in PROVIDER_HOME, the values of amr it asserts in PROVIDER_AMR."""

import os
from pathlib import Path

HOME = Path(os.environ["PROVIDER_HOME"])
SECRET_KEY = "for tests only, on the loopback interface"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "oauth2_provider"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "tests.security.provider.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HOME / "provider.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES: list[dict[str, object]] = []
LOGIN_URL = "/sign-in/"
USE_TZ = True
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": (HOME / "key.pem").read_text() if (HOME / "key.pem").exists() else "",
    "OAUTH2_VALIDATOR_CLASS": "tests.security.provider.claims.Claims",
    "SCOPES": {"openid": "who you are", "profile": "what you are called"},
    "PKCE_REQUIRED": True,
}
