"""Django settings. Every knob is an environment variable; README and deploy/README.md list them."""

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from cryptography.fernet import Fernet

from cpaas import appearance
from cpaas.env import (
    DATA_DIR,
    database_of,
    envbool,
    envchoice,
    envint,
    envlist,
    envsecret,
    envstr,
    make_data_dir,
    new_secret_key,
    own_address,
)

# Lets Django's fields and views be written with their types, as Field[str, str].
django_stubs_ext.monkeypatch()

make_data_dir()

SECRET_KEY = envsecret("SECRET_KEY", generate=new_secret_key)
# Comma-separated Fernet keys: the first encrypts, all of them decrypt (rotation).
ENCRYPTION_KEYS = envsecret("ENCRYPTION_KEY", generate=lambda: Fernet.generate_key().decode())
DEBUG = envbool("DEBUG", False)
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")

HTTP_HOST = envstr("HTTP_HOST", "127.0.0.1")
HTTP_PORT = envint("HTTP_PORT", 8000)
WEB_WORKERS = envint("WEB_WORKERS", 2)
SMPP_PORT = envint("SMPP_PORT", 2775)
SIP_HOST = envstr("SIP_HOST", "127.0.0.1")
SIP_PORT = envint("SIP_PORT", 5060)
SIP_WS_PORT = envint("SIP_WS_PORT", SIP_PORT + 20)
# Realm of SIP clients' passwords, and what follows the @ in their addresses.
SIP_DOMAIN = envstr("SIP_DOMAIN") or own_address(SIP_HOST)
SIP_PUBLIC_HOST = envstr("SIP_PUBLIC_HOST")
# A message to a client that is away waits for it, instead of failing with 30003.
SIP_WAIT_FOR_CLIENTS = envbool("SIP_WAIT_FOR_CLIENTS", False)
# Networks of SIP proxies of ours, whose P-Asserted-Identity stands for a password.
SIP_TRUSTED_PROXIES = envlist("SIP_TRUSTED_PROXIES")
# A page at /sip-client/ to try things with, served to anybody.
SIP_CLIENT_PAGE = envbool("SIP_CLIENT_PAGE", False)

INSTALLED_APPS = [
    "unfold",  # before the admin, whose templates it replaces
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular_sidecar",  # Swagger UI, as static files
    "auditlog",
    "axes",
    "accounts",
    "sms",
    "staff",
]
# The admin's middleware steps aside for API requests, and the web server's application
# (cpaas/wsgi.py) does not even ask it.
API_MIDDLEWARE = [
    "sms.monitoring.requests.RequestMeter",
    "django.middleware.security.SecurityMiddleware",
]
MIDDLEWARE = [
    *API_MIDDLEWARE,
    "cpaas.middleware.WhiteNoiseMiddleware",
    "cpaas.middleware.SessionMiddleware",
    "cpaas.middleware.CsrfViewMiddleware",
    "cpaas.middleware.AuthenticationMiddleware",
    "cpaas.middleware.MessageMiddleware",
    "cpaas.middleware.XFrameOptionsMiddleware",
    "cpaas.middleware.CSPMiddleware",
    "cpaas.middleware.NonsenseMiddleware",
    "staff.access.pages.StaffMiddleware",
    "cpaas.middleware.AxesMiddleware",  # last: it looks at what a log-in came to
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses whoever guesses, and knows nobody itself
    "django.contrib.auth.backends.ModelBackend",
]
UNFOLD = appearance.UNFOLD
ROOT_URLCONF = "cpaas.urls"
WSGI_APPLICATION = "cpaas.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],  # what stands before Unfold's own
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"crumbs": "cpaas.crumbs"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
# RestComm clients do not follow redirects on POST.
APPEND_SLASH = False
# As RestComm's; more is answered with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000

# Addresses may hold passwords, so files may name them too.
_database_url = envsecret("DATABASE_URL")
_broker_url = envsecret("CELERY_BROKER_URL")
EMBEDDED_DATABASE = not _database_url
EMBEDDED_BROKER = not _broker_url

DATABASE_URL = _database_url or f"sqlite:///{DATA_DIR / 'cpaas.sqlite3'}"
_SQLITE = {
    # A writer takes its lock at BEGIN, so a claim can never lose it halfway.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;"
        f"PRAGMA synchronous={envstr('SQLITE_SYNCHRONOUS', 'NORMAL')};"
        "PRAGMA journal_size_limit=67108864;"
        "PRAGMA mmap_size=134217728;"
    ),
}
# Behind a pooler each transaction may get another connection, which knows nothing of the last.
DATABASE_POOLED = envbool("DATABASE_POOLED", False)
_POSTGRESQL = {
    "prepare_threshold": None if DATABASE_POOLED else 2,
    "server_side_binding": True,
}
_database = database_of(DATABASE_URL)
_is_sqlite = _database["ENGINE"].endswith("sqlite3")
DATABASES = {
    "default": {
        **_database,
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_POOLED,
        # A file, not memory: tests of the workers have threads with connections of their own.
        "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")} if _is_sqlite else {},
        "OPTIONS": {**_database.get("OPTIONS", {}), **(_SQLITE if _is_sqlite else _POSTGRESQL)},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},  # its default, 300, would forget who guesses
    }
}
CACHE_SECONDS = envint("CACHE_SECONDS", 5)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "staff.passwords.LongEnough"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = "cpaas.formats"  # times as the pages write them everywhere, in 24 hours
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Behind a proxy that ends TLS, and sets (or removes) X-Forwarded-Proto on every request.
HTTPS_ONLY = envbool("HTTPS_ONLY", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = envbool("SECURE_COOKIES", HTTPS_ONLY)
SECURE_SSL_REDIRECT = HTTPS_ONLY
# Nothing from elsewhere, no script in a page. Alpine, which Unfold is made with, reads the
# expressions of its attributes by eval, and writes style attributes; its colours are a <style>.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_REDIRECT_EXEMPT = ["^health/", "^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_HSTS_SECONDS = envint("HSTS_SECONDS", 31_536_000 if HTTPS_ONLY else 0)
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # these two look for Django's own middleware, not for its subclasses;
    "security.W003",  # sms.W002 looks for ours
    "axes.W002",  # and so does this
    "security.W005",  # whether other names below this domain speak HTTPS is not ours to say,
    "security.W021",  # and browsers' lists of such names are left only after months
]
CSRF_TRUSTED_ORIGINS = envlist("CSRF_TRUSTED_ORIGINS")

# Log-in to the admin. A session ends when nobody used it for a while, and at its greatest age.
SESSION_IDLE_S = envint("SESSION_IDLE_S", 3600)
SESSION_MAX_S = envint("SESSION_MAX_S", 12 * 3600)
SESSION_COOKIE_AGE = SESSION_MAX_S
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Proxies whose X-Forwarded-For is believed.
TRUSTED_PROXIES = envlist("TRUSTED_PROXIES", "127.0.0.0/8,::1/128")
# So many wrong passwords for one name from one address, then none is looked at for a while. The
# pair, so that guessing locks out neither the name's owner elsewhere nor others behind that NAT.
LOGIN_TRIES = envint("LOGIN_TRIES", 5)
LOGIN_LOCKOUT_S = envint("LOGIN_LOCKOUT_S", 900)
AXES_FAILURE_LIMIT = LOGIN_TRIES
AXES_COOLOFF_TIME = timedelta(seconds=LOGIN_LOCKOUT_S)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "staff.access.address.client_address"
AXES_LOCKOUT_CALLABLE = "staff.access.lockout.answer"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # staff.admin has its pages

# Which rows are watched: staff/audit/watched.py.
AUDITLOG_USE_FK_STRING_REPRESENTATION = True
# After so many days entries of the audit log are deleted; 0 keeps them.
RETAIN_AUDIT_DAYS = envint("RETAIN_AUDIT_DAYS", 365)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.AccountAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "sms.api.openapi.document.FromTables",
}


def _broker_socket() -> Path:
    """Name the embedded broker's socket: in DATA_DIR, where the kernel allows that length."""
    path = DATA_DIR / "run" / "broker.sock"
    if len(str(path)) < 100:  # sockaddr_un holds 108 octets
        return path
    digest = hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"cpaas-{digest}.sock"


BROKER_SOCKET = _broker_socket()
CELERY_BROKER_URL = _broker_url or f"redis+socket://{BROKER_SOCKET}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "housekeeping"
CELERY_TASK_DEFAULT_QUEUE_TYPE = CELERY_TASK_CREATE_MISSING_QUEUE_TYPE = envchoice(
    "CELERY_QUEUE_TYPE", "classic", "quorum"
)
CELERY_TASK_DEFAULT_DELIVERY_MODE = "transient"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SEND_TASK_EVENTS = False


def _text(name: str, default: str) -> str:
    """Read a text; the word `none` is the empty one, for an empty variable counts as unset."""
    text = envstr(name, default)
    return "" if text == "none" else text


# What a message may be, and how long it is tried.
SMS_MAX_BODY_LENGTH = envint("SMS_MAX_BODY_LENGTH", 1600)
SMS_VALIDITY_S = envint("SMS_VALIDITY_S", 24 * 3600)

# How long the parts of an inbound message wait for each other; and how long a carrier that
# got no answer from us may deliver one again without making a second message of it.
SMS_PARTS_TIMEOUT_S = envint("SMS_PARTS_TIMEOUT_S", 600)
SMS_REDELIVERY_S = envint("SMS_REDELIVERY_S", 300)

# After so many days texts are emptied, and messages deleted; 0 keeps them.
RETAIN_BODIES_DAYS = envint("RETAIN_BODIES_DAYS", 0)
RETAIN_MESSAGES_DAYS = envint("RETAIN_MESSAGES_DAYS", 0)

# What people write to a number to get no more of its messages, to get them again, or to be
# told who it is; and what they are answered. `none` switches one off.
SMS_STOP_WORDS = _text("SMS_STOP_WORDS", "STOP,STOPALL,UNSUBSCRIBE,CANCEL,END,QUIT").split(",")
SMS_START_WORDS = _text("SMS_START_WORDS", "START,YES,UNSTOP").split(",")
SMS_HELP_WORDS = _text("SMS_HELP_WORDS", "HELP,INFO").split(",")
SMS_STOP_REPLY = _text(
    "SMS_STOP_REPLY", "You get no more messages from this number. Reply START to get them again."
)
SMS_START_REPLY = _text(
    "SMS_START_REPLY", "You get messages from this number again. Reply STOP to end them."
)
SMS_HELP_REPLY = _text("SMS_HELP_REPLY", "Reply STOP to get no more messages from this number.")

# Old RestComm clients may look for a price; nothing has one.
API_SHOWS_PRICE = envbool("API_SHOWS_PRICE", False)
# How long one statement of a filtered list may run before the list is answered with 503.
LIST_TIMEOUT_S = envint("LIST_TIMEOUT_S", 5)

# Networks that callbacks may reach although they are not public, such as 10.1.0.0/16.
CALLBACK_ALLOWED_NETWORKS = envlist("CALLBACK_ALLOWED_NETWORKS")
CALLBACK_GIVE_UP_S = envint("CALLBACK_GIVE_UP_S", 24 * 3600)
# How long the log of their attempts is kept.
CALLBACK_ATTEMPTS_KEPT_S = envint("CALLBACK_ATTEMPTS_KEPT_S", 30 * 24 * 3600)

# Who may see links and numbers, beside who sends the token: direct callers from here.
MONITORING_NETWORKS = envlist("MONITORING_NETWORKS", "127.0.0.0/8,::1/128")
MONITORING_TOKEN = envsecret("MONITORING_TOKEN")

LOG_LEVEL = envchoice("LOG_LEVEL", "info", "debug", "warning", "error", "critical").upper()
LOG_FORMAT = envchoice("LOG_FORMAT", "line", "json")
LOG_REQUESTS = envbool("LOG_REQUESTS", False)
LOG_MESSAGES = envbool("LOG_MESSAGES", False)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "cpaas.logs.LineFormatter"},
        "json": {"()": "cpaas.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        # One line for every wake-up would drown the log.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
