"""Settings of the portal, driven by the environment (see .env.example)."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from kombu.entity import Exchange, Queue

from ampcontrol.switches import Switch
from config import env
from config.services import ROWS_QUEUE, SWEEPS_QUEUE
from telemetry.logs import FORMATS, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env_file(BASE_DIR / ".env")

# Where the portal is, and who may reach it

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("OLD_SECRET_KEYS")
SITE_URL = env.web_address("SITE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SERVED_OVER_HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
# Browsers take such names from this very host only, and over https.
_HOST_ONLY = "__Host-" if SERVED_OVER_HTTPS else ""
SESSION_COOKIE_NAME = f"{_HOST_ONLY}sessionid"
CSRF_COOKIE_NAME = f"{_HOST_ONLY}csrftoken"
DEVICE_COOKIE_NAME = f"{_HOST_ONLY}device"
BEHIND_PROXY = env.boolean("BEHIND_PROXY", default=False)
# How many proxies stand in a row and add to X-Forwarded-For; what stands before is not believed.
PROXY_COUNT = env.number("PROXY_COUNT", 1, least=1, most=10)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Only a proxy can tell how a request came in: without one every page would lead to itself.
SECURE_SSL_REDIRECT = SERVED_OVER_HTTPS and BEHIND_PROXY
SECURE_SSL_HOST = urlsplit(SITE_URL).netloc
# Asked from inside, past the proxy; what other platforms tell is never led elsewhere.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$", r"^hooks"]
YEAR = 365 * 24 * 3600
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", YEAR if SERVED_OVER_HTTPS else 0, most=2 * YEAR)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_SECONDS > 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.security_views.stale_token"
# Forms are small, and few take a file, whose size does not count here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
FILE_UPLOAD_HANDLERS = ["shell.uploads.SmallFiles"]
# Whether browsers have the host built in as https-only is for the owner of its domain to apply for:
# that cannot be taken back for months.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",  # before django.contrib.admin, whose templates it replaces
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "telemetry",
    "shell",
    "accounts",
    "mirror",
    "drivers",
    "tariffs",
    "sites",
    "limits",
    "vehicles",
    "energy",
    "bookings",
    "batches",
    "imports",
    "series",
    "waiting",
    "calendars",
    "remote",
    "maintenance",
    "charging",
    "reports",
    "notifications",
    "team",
    "backoffice",
    "privacy",
    "hooks",
    "live",
]

MIDDLEWARE = [
    "telemetry.logs.WatchRequests",
    "django.middleware.security.SecurityMiddleware",
    "shell.middleware.ContentPolicyMiddleware",
    "shell.middleware.RefuseNul",
    # They know no session, and are answered while there is no database.
    "hooks.middleware.AnswerHooks",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Adds bytes at random, so that lengths tell nothing of what is in a page (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "drivers.shared_fragments.NoteChanges",
    # Before the session, which is what it saves.
    "drivers.shared_fragments.AnswerUnchanged",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "drivers.who_asks.ReadWhoAsks",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.SpeakTheirLanguage",
    "accounts.sessions.NoteSessions",
    "accounts.sessions.GuardBackOffice",
    "privacy.watching.NoteStaff",
    "shell.middleware.SayHeld",
    "django_htmx.middleware.HtmxMiddleware",
    "drivers.permissions.FleetMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shell.context_processors.portal",
            ],
        },
    }
]

FORM_RENDERER = "shell.form_renderer.QuickLists"

# Data

DATABASE_URL = env.service_url(
    "DATABASE_URL",
    f"sqlite:///{BASE_DIR / 'var' / 'chargebook.sqlite3'}",
    schemes=frozenset({"sqlite", "postgres", "postgresql"}),
)


# How long a statement of a page or a worker waits for what another one holds and how long it takes
# at most, and after how long PostgreSQL ends a transaction in which nothing happens any more, such
# as that of a frozen process. Prepared statements are planned by their values all the same: a plan
# for any fleet is a bad one for the largest. What DATABASE_URL has in its `options` counts instead.
DATABASE_LIMITS = (
    "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=15s"
    " -c plan_cache_mode=force_custom_plan"
)


def read_database(url: str) -> dict[str, Any]:
    """Return Django's description of the database at `url`.

    SQLite writes ahead and takes its write lock when a transaction begins, so that two writers
    wait for each other instead of failing; PostgreSQL gets psycopg's connection pool, and
    statements that it prepares once they come again and again.
    """
    database: dict[str, Any] = environ.Env.db_url_config(url)
    if database["ENGINE"] == "django.db.backends.sqlite3":
        (BASE_DIR / "var").mkdir(exist_ok=True)
        database["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        }
        database["CONN_MAX_AGE"] = 600
    else:
        pool = {
            "min_size": 1,
            "max_size": env.number("DATABASE_POOL_SIZE", 8, least=1),
            "timeout": 10,
        }
        options = database.get("OPTIONS", {})
        limits = f"{DATABASE_LIMITS} {options.get('options', '')}".strip()
        # Not behind a pooler that gives each transaction another connection.
        prepares = env.boolean("DATABASE_PREPARES", default=True)
        database["OPTIONS"] = {
            **options,
            "options": limits,
            "pool": pool,
            "server_side_binding": prepares,
            "prepare_threshold": 5 if prepares else None,
        }
        database["CONN_MAX_AGE"] = 0
        database["ENGINE"] = "config.postgresql"
    return database


DATABASES = {"default": read_database(DATABASE_URL)}

REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})
CACHE_URL = env.service_url(
    "CACHE_URL", "redis://127.0.0.1:6379/1", schemes=REDIS_SCHEMES | {"locmem"}
)


def read_cache(url: str) -> dict[str, Any]:
    """Return Django's description of the cache at `url`."""
    if url.startswith("locmem"):
        return {"BACKEND": "config.caches.JsonLocMemCache"}
    return {
        "BACKEND": "config.caches.GuardedRedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "chargebook",
        "KEY_FUNCTION": "config.caches.key_of",
        "OPTIONS": {
            "SERIALIZER": "config.caches.Json",
            # The cache only makes things faster: without it pages still work.
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
        },
    }


CACHES = {"default": read_cache(CACHE_URL)}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True

# Where browsers hear of changes; without it open pages ask again and again. Ends in /live.
LIVE_URL = env.web_address("LIVE_URL", "")

# The operator's platforms

AMPECO_BASE_URL = env.web_address("AMPECO_BASE_URL")
AMPECO_API_TOKEN = env.text("AMPECO_API_TOKEN")
# What was agreed with the operator; 0 where nothing was.
AMPECO_CALLS_PER_MINUTE = env.number("AMPECO_CALLS_PER_MINUTE", 0)

# Smart charging, where the operator has Ampcontrol: without an address the feature is off. What is
# written there is switched on one by one (`ampcontrol.switches`).
AMPCONTROL_BASE_URL = env.web_address("AMPCONTROL_BASE_URL", "")
AMPCONTROL_API_TOKEN = env.text("AMPCONTROL_API_TOKEN", None if AMPCONTROL_BASE_URL else "")
AMPCONTROL_CALLS_PER_MINUTE = env.number("AMPCONTROL_CALLS_PER_MINUTE", 60)
AMPCONTROL_WRITES = env.words("AMPCONTROL_WRITES", of=Switch)
# Whose notifications are believed: “network=secret, network=secret”, and AMPECO's one.
AMPCONTROL_WEBHOOK_SECRETS = env.pairs("AMPCONTROL_WEBHOOK_SECRETS")
AMPECO_WEBHOOK_SECRET = env.text("AMPECO_WEBHOOK_SECRET", "")

DEFAULT_TIMEZONE = env.time_zone("DEFAULT_TIMEZONE", "UTC")

POLL_INTERVAL_SECONDS = env.number("POLL_INTERVAL_SECONDS", 1, least=1, most=60)
POLL_DEADLINE_HOURS = env.number("POLL_DEADLINE_HOURS", 24, least=1, most=720)
AVAILABILITY_CACHE_SECONDS = env.number("AVAILABILITY_CACHE_SECONDS", 15, most=300)
SYNC_DELTA_MINUTES = env.number("SYNC_DELTA_MINUTES", 5, least=1, most=1440)
SYNC_FULL_HOURS = env.number("SYNC_FULL_HOURS", 24, least=1, most=168)
# Sites of other operators, which the operator's drivers may use too; nobody can book there.
SHOW_ROAMING_SITES = env.boolean("SHOW_ROAMING_SITES", default=False)
BOOKING_SYNC_MINUTES = env.number("BOOKING_SYNC_MINUTES", 15, least=1, most=1440)
TARIFF_SYNC_MINUTES = env.number("TARIFF_SYNC_MINUTES", 60, least=5, most=1440)
# How long the operator's word on which tariff applies to a driver counts.
TARIFF_ANSWER_HOURS = env.number("TARIFF_ANSWER_HOURS", 24, least=1, most=168)
TARIFF_PRICES_INCLUDE_TAX = env.boolean("TARIFF_PRICES_INCLUDE_TAX", default=True)
CHARGING_SYNC_MINUTES = env.number("CHARGING_SYNC_MINUTES", 5, least=1, most=1440)
# How many months back sessions are read of fleets that are new here.
CHARGING_MONTHS = env.number("CHARGING_MONTHS", 13, least=1, most=120)

# The operator's rules for bookings. AMPECO publishes none of them, so they are settings.

BOOKING_HORIZON_DAYS = env.number("BOOKING_HORIZON_DAYS", 28, least=1, most=365)
BOOKING_MAX_HOURS = env.number("BOOKING_MAX_HOURS", 24, least=1, most=24)
BOOKING_MIN_MINUTES = env.number("BOOKING_MIN_MINUTES", 15, least=15, most=1440)
BOOKING_NOTICE_MINUTES = env.number("BOOKING_NOTICE_MINUTES", 0, most=10080)
# The waiting list: how long an offer is kept for whoever gets it, how often a site is looked at.
WAITING_OFFER_MINUTES = env.number("WAITING_OFFER_MINUTES", 30, least=5, most=1440)
WAITING_LOOK_SECONDS = env.number("WAITING_LOOK_SECONDS", 120, least=15, most=3600)
DRIVER_LOOKUPS_PER_HOUR = env.number("DRIVER_LOOKUPS_PER_HOUR", 60, least=1)

# For how long what tells of people is kept (0: for ever), and the trail of what staff did

RETENTION_MONTHS = env.number("RETENTION_MONTHS", 24, most=240)
AUDIT_MONTHS = env.number("AUDIT_MONTHS", 36, least=3, most=240)
# What vehicles and chargers told by smart charging.
ENERGY_WEEKS = env.number("ENERGY_WEEKS", 8, least=1, most=520)

# When a fleet's month goes out by e-mail: on this day of the next one, from this hour on, on the
# clock of DEFAULT_TIMEZONE. Later where sessions are still being read.

REPORT_MAIL_DAY = env.number("REPORT_MAIL_DAY", 2, least=1, most=15)
REPORT_MAIL_HOUR = env.number("REPORT_MAIL_HOUR", 6, least=0, most=23)

# How often secret links (a driver's page, a calendar) may be opened: each one, and by one address.

LINK_VISITS_PER_MINUTE = env.number("LINK_VISITS_PER_MINUTE", 60, least=1)
LINK_VISITS_PER_MINUTE_AND_ADDRESS = env.number("LINK_VISITS_PER_MINUTE_AND_ADDRESS", 300, least=1)

# How the portal presents itself

PORTAL_NAME = env.text("PORTAL_NAME", "Chargebook")
SUPPORT_URL = env.web_address("SUPPORT_URL", "")
DRIVER_APP_URL = env.web_address("DRIVER_APP_URL", "")
PORTAL_COLOR = env.color("PORTAL_COLOR")
PORTAL_LOGO_URL = env.image("PORTAL_LOGO_URL", BASE_DIR / "static")

# The map of the sites, and where places are looked up; without tiles there is no map

MAP_TILES_URL = env.tile_address("MAP_TILES_URL")
# Browsers are allowed to ask this origin for pictures, on the page with the map only.
MAP_TILES_ORIGIN = "://".join(urlsplit(MAP_TILES_URL)[:2]) if MAP_TILES_URL else ""
MAP_TILES_ARE_OPENSTREETMAPS = (urlsplit(MAP_TILES_URL).hostname or "").endswith(
    "openstreetmap.org"
)
MAP_ATTRIBUTION = env.text(
    "MAP_ATTRIBUTION", "© OpenStreetMap contributors" if MAP_TILES_ARE_OPENSTREETMAPS else ""
)
GEOCODER_URL = env.web_address("GEOCODER_URL", "")

# Log-in: by e-mail and password; accounts are made by staff, never by sign-up

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_FORMS = {
    "login": "accounts.entrance.SignInForm",
    "reset_password": "accounts.entrance.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.entrance.NewPasswordForm",
    "change_password": "accounts.entrance.OtherPasswordForm",
    "set_password": "accounts.entrance.FirstPasswordForm",
    "reauthenticate": "accounts.entrance.ConfirmPasswordForm",
}
# How often somebody may try: by address (`ip`), account (`key`) or as who is in (`user`). Wrong
# passwords and wrong codes are counted as `login_failed`, codes by the day as well. For passwords
# the `key` is the account and the address, or the device where the account was used before; all
# others together are `strangers` to an account.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "strangers": "60/h/key",
    "second_factor": "30/d/key",
    "first_factor": "3/15m/user",
    "reset_password": "20/m/ip,3/15m/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}

# Second factor: codes of an app, passkeys (which may stand in for the password), recovery codes

STAFF_SECOND_FACTOR = env.boolean("STAFF_SECOND_FACTOR", default=SERVED_OVER_HTTPS)
MFA_ADAPTER = "accounts.second_factor.PortalMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Staff made the accounts for these addresses.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Half a minute either way, for clocks that differ.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.SecondFactorForm",
    "reauthenticate": "accounts.second_factor_forms.ConfirmCodeForm",
    "activate_totp": "accounts.second_factor_forms.SetUpAppForm",
    "add_webauthn": "accounts.second_factor_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.second_factor_forms.RenamePasskeyForm",
    "authenticate_webauthn": "accounts.second_factor_forms.ShowPasskeyForm",
    "login_webauthn": "accounts.second_factor_forms.SignInPasskeyForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.ConfirmPasskeyForm",
}

# Sessions: until the browser closes, or for some days where its owner asked to stay signed in

SESSION_ENGINE = "drivers.who_asks"
SESSION_COOKIE_AGE = env.number("SESSION_DAYS", 14, least=1, most=90) * 24 * 3600
STAFF_SESSION_HOURS = env.number("STAFF_SESSION_HOURS", 12, least=1, most=168)

# Mail

EMAIL_CONFIG = environ.Env.email_url_config(
    env.service_url(
        "EMAIL_URL",
        "consolemail://" if DEBUG else "smtp://localhost:25",
        schemes=frozenset(environ.Env.EMAIL_SCHEMES),
    )
)
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
# Once a server has all of a mail it may take so long to say that it took it (RFC 5321, 4.5.3.2.6).
# Who gives up sooner does not know whether it did.
EMAIL_ANSWER_SECONDS = 600
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Chargebook <chargebook@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Words, numbers, times. Instants are UTC; pages show them in the zone of the site. Everything but
# the back office speaks its reader's language, if it is one of these.

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("nl", "Nederlands")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_THOUSAND_SEPARATOR = False

# Static files: hashed and compressed, served by the web process

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# Workers. The queue of truth is the table of booking requests: a lost message only costs time.

CELERY_BROKER_URL = env.service_url(
    "CELERY_BROKER_URL", "redis://127.0.0.1:6379/0", schemes=REDIS_SCHEMES | {"memory"}
)
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {}
    if CELERY_BROKER_URL.startswith("memory")
    else {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # Whoever has a message to send while the broker is away is somebody who waits for a page.
        "max_retries": 1,
        "interval_start": 0,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
# Not late: what a killed worker had begun is found by a sweep long before its message would come
# back, and a worker that holds such messages breaks down when the broker does.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Threads, since work waits for others most of the time. A mail server that hangs holds up so many
# mails a process (`notifications.delivery`), and never all of its threads.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 4
# What wakes a worker to take rows has a queue of its own, and workers take from both in turn: much
# that is asked for at once keeps no sweep waiting. Workers that do not know it leave it to sweeps.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name) for name in (SWEEPS_QUEUE, ROWS_QUEUE)
]
CELERY_TASK_ROUTES = {
    name: {"queue": ROWS_QUEUE}
    for name in (
        "bookings.tasks.submit_requests",
        "bookings.tasks.refresh_now",
        "hooks.tasks.read_again",
        "notifications.tasks.send_mails",
        "remote.tasks.send_actions",
        "waiting.tasks.look_at_site",
    )
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Not found by itself, since it stands deeper in its room.
CELERY_IMPORTS = ["energy.departures.tasks"]
CELERY_BEAT_SCHEDULE_FILENAME = str(BASE_DIR / "var" / "celerybeat-schedule")


def every(task: str, period: timedelta, **kwargs: Any) -> dict[str, Any]:
    """Return a beat entry whose message expires before the next one is due."""
    seconds = period.total_seconds()
    return {
        "task": task,
        "schedule": period,
        "kwargs": kwargs,
        "options": {"expires": max(seconds, 1)},
    }


CELERY_BEAT_SCHEDULE = {
    "poll-requests": every(
        "bookings.tasks.poll_requests", timedelta(seconds=POLL_INTERVAL_SECONDS)
    ),
    "sweep-queued": every("bookings.tasks.sweep_queued", timedelta(seconds=5)),
    "sweep-remote-actions": every("remote.tasks.sweep_actions", timedelta(seconds=5)),
    "sweep-notifications": every("notifications.tasks.sweep_notifications", timedelta(seconds=5)),
    "plan-reminders": every("notifications.tasks.plan_reminders", timedelta(seconds=30)),
    "refresh-bookings": every("bookings.tasks.refresh_bookings", timedelta(seconds=10)),
    "refresh-sessions": every("bookings.tasks.refresh_sessions", timedelta(seconds=30)),
    "sync-bookings": every("bookings.tasks.sync_bookings", timedelta(minutes=BOOKING_SYNC_MINUTES)),
    "ask-for-series": every("series.tasks.ask_for_dates", timedelta(minutes=1)),
    "look-for-freed": every("waiting.tasks.look_for_freed", timedelta(seconds=15)),
    "make-departures": every("energy.departures.tasks.make_departures", timedelta(minutes=5)),
    "pass-on-departures": every("energy.departures.tasks.pass_on", timedelta(seconds=30)),
    "tell-ampcontrol": every("energy.departures.tasks.tell", timedelta(seconds=15)),
    "notice-losses": every("bookings.tasks.notice_losses", timedelta(minutes=5)),
    # When all sites, and the drivers of a fleet, were last read stands in the database: what comes
    # seldom must not wait for a beat that lives that long.
    "sync-sites": every("sites.tasks.sync_sites", timedelta(minutes=SYNC_DELTA_MINUTES)),
    # What of Ampcontrol is due, each thing at its own rhythm, is for the task to know.
    "sync-energy": every("energy.tasks.sync_energy", timedelta(seconds=30)),
    # Whether it is due, or is to be taken up again, is for the task to know.
    "sync-charging": every("charging.tasks.sync_charging", timedelta(minutes=1)),
    "watch-budgets": every("charging.tasks.watch_budgets", timedelta(minutes=5)),
    "sync-drivers": every("drivers.tasks.sync_drivers", timedelta(minutes=10)),
    "sync-tariffs": every("tariffs.tasks.sync_tariffs", timedelta(minutes=1)),
    "ask-for-tariffs": every("tariffs.tasks.ask_for_tariffs", timedelta(minutes=1)),
    "sum-months": every("reports.tasks.sum_months", timedelta(minutes=1)),
    "plan-reports": every("reports.tasks.plan_reports", timedelta(minutes=10)),
    "sync-downtime": every("maintenance.tasks.sync_downtime", timedelta(minutes=5)),
    "send-downtime-changes": every(
        "maintenance.tasks.send_downtime_changes", timedelta(seconds=15)
    ),
    # Whose turn it is stands in the database.
    "read-health": every("maintenance.tasks.read_health", timedelta(minutes=2)),
    "read-own-lines": every("energy.tasks.read_own_lines", timedelta(minutes=10)),
    "forget-sessions": every("accounts.tasks.forget_sessions", timedelta(minutes=10)),
    "forget-old-logs": every("maintenance.tasks.forget_old_logs", timedelta(hours=1)),
    "forget-invitations": every("team.tasks.forget_invitations", timedelta(hours=1)),
    # Not once a day, which would be never for a beat that does not live so long.
    "clear-old-data": every("privacy.tasks.clear_old_data", timedelta(hours=1)),
}

# Back office

UNFOLD = {
    "SITE_TITLE": f"{PORTAL_NAME} back office",
    "SITE_HEADER": f"{PORTAL_NAME} back office",
    "SITE_SUBHEADER": "All times are UTC",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("favicon.svg")}
    ],
    "STYLES": [lambda _: static("css/back_office.css")],
    "SCRIPTS": [lambda request: f"{static('js/session.js')}?person={request.user.pk}"],
    "ENVIRONMENT": "config.back_office.label",
    "DASHBOARD_CALLBACK": "backoffice.pages.first_page",
    "SHOW_VIEW_ON_SITE": False,
}

# Seen from outside: logs on standard error, metrics, errors (docs/operating.md)

METRICS_TOKEN = env.text("METRICS_TOKEN", "")
SENTRY_DSN = env.web_address("SENTRY_DSN", "")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", "production")
# Texts that no log line and no report may contain.
SECRETS = [
    SECRET_KEY,
    *SECRET_KEY_FALLBACKS,
    AMPECO_API_TOKEN,
    AMPECO_WEBHOOK_SECRET,
    AMPCONTROL_API_TOKEN,
    *AMPCONTROL_WEBHOOK_SECRETS.values(),
    METRICS_TOKEN,
    EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD") or "",
    *(urlsplit(url).password or "" for url in (DATABASE_URL, CACHE_URL, CELERY_BROKER_URL)),
]
LOGGING = logging_config(
    form=env.choice("LOG_FORMAT", "lines" if DEBUG else "json", of=FORMATS),
    level=env.text("LOG_LEVEL", "INFO"),
    secrets=SECRETS,
)

if not DEBUG and SECRET_KEY in {"changeme", "secret"}:
    raise ImproperlyConfigured("SECRET_KEY must be a secret of your own, not an example.")
