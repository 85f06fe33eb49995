"""One settings file. Every value that differs between machines comes from the environment and is checked here.

The table of variables is in the README's reference.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from leadmaster.lib import env
from leadmaster.lib.api import components
from leadmaster.unfold import UNFOLD  # noqa: F401 - the theme reads it from here

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
try:
    VAR_DIR.mkdir(mode=0o700, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"{VAR_DIR} cannot be made ({error.strerror}). Let this user write there.") from None
# Everybody's phones and messages lie there. Whoever does not own it starts all the same: its owner closes it.
with contextlib.suppress(PermissionError):
    VAR_DIR.chmod(0o700)
env.read_file(BASE_DIR / ".env")
# Where `make run` started its own gateway, for commands in another shell.
env.read_file(VAR_DIR / "run.env")

# --- Safety -------------------------------------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", False)
# A checkout that only looks around (DEBUG) may start without secrets; anything else has to be given its own.
SECRET_KEY = env.text("SECRET_KEY", "development-only-not-a-secret" if DEBUG else None)
FIELD_ENCRYPTION_KEY = env.hex_key("FIELD_ENCRYPTION_KEY", "0" * 64 if DEBUG else None)
# Keys of before, by commas: what they sealed still opens, until reseal_secrets has sealed it with today's.
FIELD_ENCRYPTION_OLD_KEYS = env.hex_keys("FIELD_ENCRYPTION_OLD_KEYS", most=2)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "leadmaster.shell.views.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
BEHIND_TLS = env.boolean("BEHIND_TLS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- Apps ---------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces. Not its default config, which would replace our site too.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "leadmaster.site.LeadMasterAdminConfig",
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "leadmaster.accounts",
    "leadmaster.directory",
    "leadmaster.calendars",
    "leadmaster.ops",
    "whatsapp",
    "campaigns",
    "opportunities",
    "leadmaster.legacy",
    # After ours, whose `qcluster` ends in order.
    "django_q",
]

# Who checks for the watchdog: each makes its checks. By name, because the command sits below the desk.
WATCHES = ("campaigns.health.checks", "opportunities.health.checks", "leadmaster.directory.health.checks")

# What `reconcile` and its nightly run look at: the checks of each app. By name, because they sit above the command.
RECONCILIATION = (
    "campaigns.reconciliation.CHECKS",
    "opportunities.reconciliation.CHECKS",
    "whatsapp.reconciliation.CHECKS",
    "leadmaster.directory.reconciliation.CHECKS",
)

# What each app holds of a person, for `person export` and `person erase`. In this order: what leads to the person last.
# Texts that go by age with those of messages, `leadmaster.ops.privacy.ageing`.
# Who reads a conversation, and so may answer it: the sender asks before an answer leaves.
CONVERSATIONS_OF = "opportunities.scope.conversations_of"
AGEING_TEXTS = ("opportunities.retention.CALLS", "opportunities.retention.REMINDERS")

PERSONAL_DATA = (
    "opportunities.privacy.PART",
    "campaigns.privacy.PART",
    "leadmaster.ops.privacy.traces.PART",
    "leadmaster.directory.privacy.PART",
)

MIDDLEWARE = [
    "leadmaster.ops.metrics.requests.RequestTimesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages; files are compressed where they lie. It adds up to a hundred random bytes, and tokens are masked anew (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "leadmaster.accounts.middleware.NoStoreMiddleware",
    "leadmaster.accounts.middleware.PersonLanguageMiddleware",
    "leadmaster.accounts.middleware.IdleLimitMiddleware",
    "leadmaster.accounts.middleware.ActedMiddleware",
    "leadmaster.accounts.middleware.OwnPasswordMiddleware",
    "leadmaster.accounts.middleware.ViewerTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "leadmaster.shell.in_place.InPlaceMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Widgets of our own live in templates/ like every other page.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
ROOT_URLCONF = "leadmaster.urls"
WSGI_APPLICATION = "leadmaster.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"screens": "leadmaster.lib.screentags"},
        },
    },
]

# --- Database -----------------------------------------------------------------------------------------------------

# No transaction of ours waits for anything but the database.
IDLE_TRANSACTION_SECONDS = 60


def _database() -> dict[str, Any]:
    """SQLite (WAL, IMMEDIATE, full sync) unless DATABASE_URL names a MySQL or MariaDB server."""
    config = env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'leadmaster.sqlite3'}")
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # FULL: a lost commit of "about to send" would let the same message go out again after a power cut.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-20000;",
        }
    else:
        config["OPTIONS"] = {
            **config.get("OPTIONS", {}),
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            # MariaDB from 11.6.2 turns this on by itself. An UPDATE then waits for rows that it passes by and leaves,
            # and what reads a row that others changed meanwhile is refused (1020). Elsewhere only the rest is executed.
            "init_command": "SET /*M!110602 innodb_snapshot_isolation = OFF, */ "
            # A host that the network lost in the middle of a transaction holds its rows until the server lets go.
            f"/*M!100300 idle_transaction_timeout = {IDLE_TRANSACTION_SECONDS}, */ @leadmaster = 1",
            "connect_timeout": 10,
        }
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": _database()}

# --- People -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "leadmaster.accounts.backends.AddressLimitBackend",
    "leadmaster.accounts.backends.PersonBackend",
    "leadmaster.accounts.backends.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "leadmaster.accounts.backends.tried_name"
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_CLIENT_IP_CALLABLE = "leadmaster.accounts.client_address.client_address"
# Wrong passwords of one address, whatever names it tries, until it waits as one name does. An office shares an address.
LOGIN_FAILURES_PER_ADDRESS = env.integer("LOGIN_FAILURES_PER_ADDRESS", 30, minimum=8, maximum=100_000)
SESSION_IDLE_MINUTES = env.integer("SESSION_IDLE_MINUTES", 720, minimum=5, maximum=20_160)
API_TOKEN_DAYS = env.integer("API_TOKEN_DAYS", 90, minimum=1, maximum=3_650)

# --- Language and time --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "es"
# Each by its own name: who looks for theirs does not read the others.
LANGUAGES = [("es", "Español"), ("es-ar", "Español (Argentina)"), ("pt-br", "Português (Brasil)"), ("en", "English")]
# Our own sentences, and what Django and the theme say in words that are not ours.
LOCALE_PATHS = [BASE_DIR / "leadmaster" / "locale", BASE_DIR / "leadmaster" / "wording"]
TIME_ZONE = env.time_zone("TIME_ZONE", "America/Argentina/Cordoba")
USE_I18N = True
USE_TZ = True

# --- Files --------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "leadmaster.lib.static_files.HashedFiles"},
}
MEDIA_ROOT = env.folder("MEDIA_ROOT", VAR_DIR / "media")
# Files of recipients that nobody confirmed hold phones for nothing.
UNCONFIRMED_UPLOADS_DAYS = env.integer("UNCONFIRMED_UPLOADS_DAYS", 7, minimum=1, maximum=365)
# 0: kept for ever.
RETENTION_TEXT_DAYS = env.integer("RETENTION_TEXT_DAYS", 0, minimum=0, maximum=3650)
RETENTION_UPLOAD_DAYS = env.integer("RETENTION_UPLOAD_DAYS", 0, minimum=0, maximum=3650)
RETENTION_REPORT_DAYS = env.integer("RETENTION_REPORT_DAYS", 0, minimum=0, maximum=3650)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700

# --- The sender ---------------------------------------------------------------------------------------------------

# An uncertain message that nobody decided for so long is a finding of `reconcile`.
RECONCILE_UNCERTAIN_HOURS = env.integer("RECONCILE_UNCERTAIN_HOURS", 72, minimum=1, maximum=8760)

AUTO_CAMPAIGNS_ENABLED = env.boolean("AUTO_CAMPAIGNS_ENABLED", True)
# Whom one campaign wrote to is left alone by the others for so long; a campaign may say otherwise. 0: no rest.
PERSON_REST_HOURS = env.integer("PERSON_REST_HOURS", 24, minimum=0, maximum=720)
# Percent of a campaign's last hundred tries, from so many tries on; a campaign may say otherwise. 0: never.
ERROR_RATE_ALERT = env.integer("ERROR_RATE_ALERT", 5, minimum=0, maximum=100)
ERROR_RATE_PAUSE = env.integer("ERROR_RATE_PAUSE", 10, minimum=0, maximum=100)
ERROR_RATE_MIN_TRIES = env.integer("ERROR_RATE_MIN_TRIES", 20, minimum=1, maximum=100)
# Percent of those whom a campaign reached lately that may ask for silence until it is paused, from so many on. 0: never.
OPT_OUT_PAUSE = env.integer("OPT_OUT_PAUSE", 8, minimum=0, maximum=100)
OPT_OUT_MIN_REACHED = env.integer("OPT_OUT_MIN_REACHED", 50, minimum=1, maximum=200)
# A campaign waits while more conversations than this are unanswered for each of its sellers; it may say otherwise. 0: no.
SELLER_CAPACITY = env.integer("SELLER_CAPACITY", 0, minimum=0, maximum=1000)
# So many first messages of a campaign have to reach the server before the rest goes; a campaign may say otherwise.
CANARY_SIZE = env.integer("CANARY_SIZE", 10, minimum=0, maximum=100)
# So many messages of a line in a row without an acknowledgement, and silence, hold it; a line may say otherwise. 0: never.
HALF_DEAF_AFTER = env.integer("HALF_DEAF_AFTER", 5, minimum=0, maximum=100)
# The messages of a new line's first day, and percent more on each day that went well; a line may begin with another
# number. 0: lines send up to their limit from the first day.
WARM_UP_START = env.integer("WARM_UP_START", 20, minimum=0, maximum=100_000)
WARM_UP_GROWTH = env.integer("WARM_UP_GROWTH", 50, minimum=1, maximum=1000)
DIAG_SENDER = env.boolean("DIAG_SENDER", False)
# What people answer from one line, whatever its campaigns send.
REPLIES_PER_HOUR = env.integer("REPLIES_PER_HOUR", 60, minimum=1, maximum=10_000)
WHATSAPP_DAILY_LIMIT = env.integer("WHATSAPP_DAILY_LIMIT", 180, minimum=1, maximum=100_000)
SENDER_SLOTS = env.integer("SENDER_SLOTS", 1, minimum=1, maximum=64)
# HTTP threads of one tick: one per message in flight; they only wait on sockets.
SENDER_THREADS = env.integer("SENDER_THREADS", 512, minimum=1, maximum=4096)
SENDER_JOURNAL_DIR = env.folder("SENDER_JOURNAL_DIR", VAR_DIR / "journal")

SESSION_MANAGER_BASE_URL = env.http_url("SESSION_MANAGER_BASE_URL", "http://localhost:3011")
SESSION_MANAGER_TOKEN = env.token("SESSION_MANAGER_TOKEN", "")
# host or host:port. Empty: whatever an administrator wrote on a session.
GATEWAY_HOSTS = env.gateway_hosts("GATEWAY_HOSTS")
# Signs callbacks of sessions that have no secret of their own: `make run` gives it to the simulator and to the demo.
SESSION_MANAGER_WEBHOOK_SECRET = env.text("SESSION_MANAGER_WEBHOOK_SECRET", "")
# Of `manage.py session_manager`: sealed credentials and its ledger, and where credentials of open lines lie in the plain.
SESSION_MANAGER_DIR = env.folder("SESSION_MANAGER_DIR", VAR_DIR / "session-manager")
SESSION_MANAGER_RUNTIME_DIR = env.folder(
    "SESSION_MANAGER_RUNTIME_DIR",
    Path("/dev/shm/leadmaster-session-manager"),  # noqa: S108 - made 0700, and refused if it is another user's
)
# Its way to WhatsApp: http://… or socks5://…
SESSION_MANAGER_PROXY = env.text("SESSION_MANAGER_PROXY", "")
# Seconds. The session manager really takes 20–40 s a message, and engines wait up to 75 s.
SESSION_MANAGER_SEND_TIMEOUT = env.integer("SESSION_MANAGER_SEND_TIMEOUT", 90, minimum=5, maximum=600)

# --- The clients, from outside ------------------------------------------------------------------------------------

# Read and never written: sync_clients. Which column is which: docs/directory.md; a start-up check reads it.
CLIENTS_DATABASE_URL = env.client_base("CLIENTS_DATABASE_URL")
CLIENTS_MAPPING = env.text("CLIENTS_MAPPING", "")
CLIENTS_REGION = env.region("CLIENTS_REGION", "MX")
CLIENTS_TIME_ZONE = env.time_zone("CLIENTS_TIME_ZONE", "America/Mexico_City")
CLIENTS_SYNC_MINUTES = env.integer("CLIENTS_SYNC_MINUTES", 15, minimum=1, maximum=1440)
CLIENTS_FULL_SYNC_HOURS = env.integer("CLIENTS_FULL_SYNC_HOURS", 24, minimum=1, maximum=720)

# --- django-q2: the alarm clock ------------------------------------------------------------------------------------

# The reason for every number is in docs/decisions.md; the inequalities between them are start-up checks.
Q_CLUSTER = {
    "name": "leadmaster",
    "orm": "default",
    "workers": env.integer("Q_WORKERS", 3, minimum=1, maximum=64),
    "bulk": 1,
    "queue_limit": 1,
    "poll": 1,
    "timeout": 240,
    "retry": 420,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,
    "recycle": 200,
    "label": "django-q2",
}

CACHES = {
    # Throttles count in it. In files of this machine they cost no query; several machines count together elsewhere.
    "default": env.cache("SHARED_CACHE", VAR_DIR / "cache" / "throttles", table="ops_cachedvalue"),
    # What many look at, for seconds: each process's own (leadmaster/lib/shared.py).
    "figures": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "figures"},
}

# --- Operation ----------------------------------------------------------------------------------------------------

ALERT_EMAILS = env.mails("ALERT_EMAILS")
ALERT_WEBHOOK_URL = env.http_url("ALERT_WEBHOOK_URL", "")
ALERT_WEBHOOK_SECRET = env.text("ALERT_WEBHOOK_SECRET", "")
# An alert that is still open is told again after so many hours, then once a day. 0: never.
ALERT_REMINDER_HOURS = env.integer("ALERT_REMINDER_HOURS", 6, minimum=0, maximum=168)
# Between these hours of TIME_ZONE only what is critical is told, and the rest when they end.
ALERT_QUIET_HOURS = env.hours("ALERT_QUIET_HOURS")
# Notices on people's phones, through the push service of each browser. Empty: off, and no page offers it.
WEB_PUSH_KEY = env.vapid_key("WEB_PUSH_KEY")
# Push services beside those of the browsers that we know, such as one in the house.
WEB_PUSH_SERVICES = env.origins("WEB_PUSH_SERVICES")
# Any endpoint with OpenAI's chat completions, which proposes variants of a message. Empty: off.
AI_BASE_URL = env.http_url("AI_BASE_URL", "")
AI_API_KEY = env.token("AI_API_KEY", "")
AI_MODEL = env.text("AI_MODEL", "gpt-4o-mini")
# Who may read /metrics. Neither: nobody. Both: whoever has the token and one of the addresses.
METRICS_TOKEN = env.token("METRICS_TOKEN", "", shortest=16)
METRICS_ALLOW = env.networks("METRICS_ALLOW")
# The port that our own web server listens on: start-up checks compare the gateway's address with it.
WEB_PORT = env.integer("WEB_PORT", 8000, minimum=1, maximum=65535)
vars().update(env.mail_server("EMAIL_URL", "consolemail://"))
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", "leadmaster@localhost")

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", among=("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"strangers": {"()": "leadmaster.lib.logs.StrangersInOneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["strangers"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # The queue's own chatter, a hundred lines a minute, drowns the one that matters.
        "django-q": {"level": "DEBUG" if LOG_LEVEL == "DEBUG" else "WARNING"},
        "sender.diag": {"level": "INFO" if DIAG_SENDER else "WARNING"},
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
    },
}

# --- API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First: it decides that a request without credentials gets 401 and not 403.
        "leadmaster.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["leadmaster.lib.api.parsers.BoundedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "leadmaster.lib.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "leadmaster.lib.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "leadmaster.api.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.AnonRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"user": "1200/min", "anon": "60/min", "token": "10/min", "schema": "20/min"},
    # Whose address counts: the last proxy's word when there is one, never what the client claims.
    "NUM_PROXIES": 1 if BEHIND_TLS else 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LeadMaster API",
    "DESCRIPTION": (
        "Campañas de WhatsApp y mesa de asignación. Cómo entrar, repetir sin miedo y leer los errores: docs/api.md."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "APPEND_COMPONENTS": components.COMPONENTS,
    "ENUM_NAME_OVERRIDES": {
        "AutomaticKind": "campaigns.enums.AutomaticKind",
        "CampaignState": "campaigns.enums.CampaignState",
        "EnvioState": "campaigns.enums.EnvioState",
        "AttemptOutcome": "campaigns.enums.AttemptOutcome",
        "ContactOutcome": "opportunities.enums.ContactOutcome",
        "ToldOutcome": "opportunities.api.opportunities.coming_back.TOLD",
        "ScheduleState": "campaigns.enums.ScheduleState",
        "ImportState": "campaigns.models.RecipientImport.State",
        "ConversationState": "campaigns.enums.ConversationState",
        "SessionState": "whatsapp.models.State",
        "Availability": "leadmaster.directory.enums.Availability",
        "ContactKind": "leadmaster.directory.enums.ContactKind",
        "OpportunityState": "opportunities.enums.OpportunityState",
        "StageType": "opportunities.enums.StageType",
        "ExitTo": "opportunities.enums.ExitTo",
        "Origin": "opportunities.enums.Origin",
        "OpportunityEventKind": "opportunities.enums.EventKind",
        "QuotaEntryKind": "opportunities.enums.QuotaKind",
        "AbsencePolicy": "opportunities.enums.AbsencePolicy",
        "ConcernKind": "opportunities.enums.Concern",
        "Country": "leadmaster.calendars.national.Country",
        "BulkActionKind": "opportunities.models.BulkAction.Kind",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
