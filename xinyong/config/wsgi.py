"""The WSGI entry that the server loads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
application = get_wsgi_application()

from xinyong.security import routes  # noqa: E402 (Django is set up by now)

routes.require_declared()
