"""Settings for commands that need nothing of an installation: no database, no data directory, no environment variable.

Any query fails (there is no database to ask), so such a command cannot come to depend on one unnoticed.
"""

#: The rooms whose code is used, and what their tables are declared with.
_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.postgres",
    "oauth2_provider",
    "xinyong.security",
    "xinyong.web",
    "xinyong.workflow",
    "xinyong.catalogue",
    "xinyong.subjects",
    "xinyong.records",
    "xinyong.intake",
]


def configure() -> None:
    """Sets Django up with these settings alone. Called before anything of Django is used, instead of the settings file."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=_APPS,
        DATABASES={},
        AUTH_USER_MODEL="security.Account",
        OAUTH2_PROVIDER_APPLICATION_MODEL="oauth2_provider.Application",
        LANGUAGE_CODE="zh-hans",
        TIME_ZONE="Asia/Shanghai",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
    )
    django.setup()
