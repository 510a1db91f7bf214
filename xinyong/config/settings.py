"""The one settings file. Values come from config/env.py; nothing here depends on the environment's name."""

import gc
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from xinyong.config import env, postgres

# A page makes some thousand objects and frees them by itself. At Python's usual threshold every twentieth page waits 0.1 s
# for the collector to look through all that is loaded.
gc.set_threshold(50_000, 20, 100)

BASE = Path(__file__).resolve().parent.parent

DEBUG = env.flag("XINYONG_DEBUG")
SECRET_KEY = env.session_secret()
ALLOWED_HOSTS = [host.strip() for host in env.text("XINYONG_HOSTS").split(",")]
SITE_NAME = env.text("XINYONG_SITE_NAME")
SITE_ORIGIN = env.origin()
UPLOAD_LIMIT = env.whole("XINYONG_UPLOAD_LIMIT_MB") * 1024 * 1024
INTAKE_CHUNK_ROWS = env.whole("XINYONG_CHUNK_ROWS")
#: Where docking may call, and where passwords for it may lie (intake/docking.py).
DOCKING_NETWORKS = env.networks("XINYONG_DOCKING_NETWORKS")
DOCKING_SECRETS = env.text("XINYONG_DOCKING_SECRETS")
DOCKING_PASSWORD = env.text("XINYONG_DOCKING_PASSWORD")
DISK_SPARE = env.whole("XINYONG_DISK_SPARE_MB") * 1024 * 1024
UPLOADS_OPEN = env.whole("XINYONG_UPLOADS_OPEN_MB") * 1024 * 1024
API_WAITING = env.whole("XINYONG_API_WAITING")
API_AT_ONCE = env.whole("XINYONG_API_AT_ONCE")
FEED_GAP_MINUTES = env.whole("XINYONG_FEED_GAP_MINUTES")
API_DAILY_MEGABYTES = env.whole("XINYONG_API_DAILY_MB")
#: The watched folders: root (None: none), seconds of stillness, days that taken files stay.
DROP_FOLDERS = Path(env.text("XINYONG_DROP_FOLDERS")).expanduser() if env.text("XINYONG_DROP_FOLDERS") else None
DROP_STILL_SECONDS, DROP_KEEP_DAYS = env.whole("XINYONG_DROP_STILL_SECONDS"), env.whole("XINYONG_DROP_KEEP_DAYS")
#: Notices by mail and by webhook (workflow/outbox.py); both off unless set.
MAIL: dict[str, Any] = env.mail()
WEBHOOK_NETWORKS = env.networks("XINYONG_WEBHOOK_NETWORKS")
WEBHOOK_CA = env.text("XINYONG_WEBHOOK_CA")
EXPORT_DAILY_ROWS = env.whole("XINYONG_EXPORT_DAILY_ROWS")
#: Looks at files: how many a day, what raises an alarm, by when an emergency is reviewed (rights/queries.py, rights/alarms.py).
QUERIES_DAILY, LOOKS_AN_HOUR = env.whole("XINYONG_QUERIES_DAILY"), env.whole("XINYONG_LOOKS_AN_HOUR")
CONSENT_REQUEST_DAYS = env.whole("XINYONG_CONSENT_REQUEST_DAYS")
OFFICE_HOURS, EMERGENCY_REVIEW_DAYS = env.hours("XINYONG_OFFICE_HOURS"), env.whole("XINYONG_EMERGENCY_REVIEW_DAYS")
RANKING = env.text("XINYONG_RANKING")
LAST_PLACES = env.whole("XINYONG_LAST_PLACES")
#: Whose rule sets of repair are applied (rights/library/repair).
REPAIR_PROFILE = env.one_of("XINYONG_REPAIR_PROFILE", "national", "shenzhen")
REMEDY_PROFILE = env.one_of("XINYONG_REMEDY_PROFILE", "zhejiang", "shanghai", "shandong", "henan", "shenzhen")
#: Duties about persons' data: grace before erasing, years of kept originals, days of an assessment, smallest public figure.
ERASE_GRACE_DAYS, ORIGINALS_YEARS = env.whole("XINYONG_ERASE_GRACE_DAYS"), env.whole("XINYONG_ORIGINALS_YEARS")
ASSESSMENT_DAYS, SMALL_CELL = env.whole("XINYONG_ASSESSMENT_DAYS"), env.whole("XINYONG_SMALL_CELL")
XINYONG_HOME = env.home()
KEYS = env.keys()
SIGNING = env.signing()
BATCH_KEEP_DAYS = env.whole("XINYONG_BATCH_KEEP_DAYS")
LOG_ORIGIN = env.text("XINYONG_LOG_ORIGIN")
LOG_HASH = env.text("XINYONG_LOG_HASH")
LOG_LIMIT_MINUTES = env.whole("XINYONG_LOG_LIMIT_MINUTES")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "procrastinate.contrib.django",
    "oauth2_provider",
    "xinyong.security",
    "xinyong.web",
    "xinyong.workflow",
    "xinyong.catalogue",
    "xinyong.subjects",
    "xinyong.records",
    "xinyong.intake",
    "xinyong.rights",
    "xinyong.reports",
    "xinyong.analytics",
    "xinyong.portal",
    "xinyong.office",
    "xinyong.exchange",
    "xinyong.operations",
]
MIDDLEWARE = [
    "xinyong.web.headers.Headers",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "xinyong.web.pages.ErrorPages",
    "xinyong.exchange.door.Machines",
    "xinyong.security.gate.Gate",
]
ROOT_URLCONF = "xinyong.config.urls"
WSGI_APPLICATION = "xinyong.config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "xinyong.web.pages.frame",
            ]
        },
    }
]
DATABASES = {"default": postgres.database()}
#: The same database as its owner (set-up, upgrades) and as the loader (deposits in bulk). See security/separation.py.
DATABASE_AS = postgres.others()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "security.Account"
LOGIN_URL = "/office/sign-in"
CONFIRM_URL = "/office/confirm"
PASSWORD_HASHERS = ["xinyong.security.passwords.Argon2"]
#: "mlps" or "asvs": see security/passwords.py, which checks passwords (Django's own forms are not used).
SIGN_IN_POLICY = env.one_of("XINYONG_PASSWORD_POLICY", "mlps", "asvs")
#: Single sign-on: see security/oidc.py.
OIDC: dict[str, str] = {
    "issuer": env.text("XINYONG_OIDC_ISSUER"),
    "client_id": env.text("XINYONG_OIDC_CLIENT_ID"),
    "secret_file": env.text("XINYONG_OIDC_SECRET_FILE"),
    "label": env.text("XINYONG_OIDC_LABEL"),
    "assurances": env.text("XINYONG_OIDC_FACTOR"),
}
#: Sign-in of citizens, by another provider: see security/citizens.py.
CITIZEN_OIDC: dict[str, str] = {
    "issuer": env.text("XINYONG_CITIZEN_OIDC_ISSUER"),
    "client_id": env.text("XINYONG_CITIZEN_OIDC_CLIENT_ID"),
    "secret_file": env.text("XINYONG_CITIZEN_OIDC_SECRET_FILE"),
    "label": env.text("XINYONG_CITIZEN_OIDC_LABEL"),
    "assurances": env.text("XINYONG_CITIZEN_OIDC_FACTOR"),
    "scope": env.text("XINYONG_CITIZEN_OIDC_SCOPE"),
    "name_claim": env.text("XINYONG_CITIZEN_OIDC_NAME_CLAIM"),
    "number_claim": env.text("XINYONG_CITIZEN_OIDC_NUMBER_CLAIM"),
    "organisations_claim": env.text("XINYONG_CITIZEN_OIDC_ORGANISATIONS_CLAIM"),
}
#: Background work: what the worker imports when it starts. No other process pays for it.
PROCRASTINATE_IMPORT_PATHS = sorted(f"xinyong.{path.parent.name}.jobs" for path in BASE.glob("*/jobs.py"))
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # else every process would import them, and nearly every room with them

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 9 * 3600  # longer than a session may last (security/sessions.py), which says so when it is over
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("XINYONG_HTTPS")
CSRF_COOKIE_SAMESITE = "Lax"
DEVICE_COOKIE_NAME = "xinyong_device"
if env.flag("XINYONG_HTTPS"):
    # Browsers take a cookie so named only over TLS, from this very host, for all its paths: nothing beside us sets it.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    DEVICE_COOKIE_NAME = "__Host-xinyong_device"
#: Proxies of ours in front: whose word on the client's address, and on the scheme it used, is taken.
TRUSTED_PROXIES = env.whole("XINYONG_PROXIES")
if env.flag("XINYONG_HTTPS") and TRUSTED_PROXIES > 0:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if env.flag("XINYONG_HTTPS") else 0
# Not "no-referrer": with it browsers send "Origin: null" with every form, and the CSRF check refuses the form.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "worker-src": [SELF],
        "connect-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "report-uri": ["/csp-report/"],
    }
}

CSRF_FAILURE_VIEW = "xinyong.web.pages.expired_form"
#: Templates of the site's navigation and footer links, drawn into every page by web/base.html.
SITE_NAV = "portal/nav.html"
SITE_FOOT = "portal/foot.html"
#: Limits of the portal for one client: (at once, then per minute). A network (/24; IPv6 /48) may do four times that.
#: Look-ups come back faster for a proof of work, at most so many; "shown" counts organisations named on pages, which no
#: proof moves: 200 + 10 × 5 in ten minutes (docs/explanation/anti-scraping.md).
RATE_LIMITS: dict[str, tuple[float, float]] = {
    "look-up": (60, 6), "proof": (8, 0.8), "shown": (200, 5), "report": (20, 10), "verify": (30, 20),
    "sign-in": (40, 20), "csp-report": (20, 10), "token": (60, 60), "machine-refused": (60, 30),
}  # fmt: skip
RATE_LIMITS_ON = env.flag("XINYONG_RATE_LIMITS")

#: The machines' door: tokens by client credentials and nothing else, ten minutes long, of which only a digest is kept.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",
    "OAUTH2_VALIDATOR_CLASS": "xinyong.exchange.oauth.Validator",
    "SCOPES_BACKEND_CLASS": "xinyong.exchange.oauth.Scopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "OAUTH_PRE_TOKEN_VALIDATION": [],
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE / "web" / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Every upload is a file: intake takes paths, and memory stays bounded.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

DEFAULT_EXCEPTION_REPORTER_FILTER = "xinyong.web.logs.NoValues"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "xinyong.web.logs.Careful", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "filters": {"refusals": {"()": "xinyong.web.refusals.OneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["refusals"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
