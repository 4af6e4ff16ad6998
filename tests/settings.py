"""Settings of the test suite: the portal's own, with test values for what has no default."""

import os

os.environ.setdefault("SECRET_KEY", "a key for the tests only, never for anything that runs")
os.environ.setdefault("AMPECO_BASE_URL", "http://operator.test/public-api")
os.environ.setdefault("AMPECO_API_TOKEN", "sandbox-token")
# What a developer's .env says of smart charging is not for tests: they switch it on themselves.
os.environ.setdefault("AMPCONTROL_BASE_URL", "")
os.environ.setdefault("AMPCONTROL_API_TOKEN", "")
os.environ.setdefault("AMPCONTROL_WRITES", "")
os.environ.setdefault("SITE_URL", "https://chargebook.example")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1,chargebook.example")
os.environ.setdefault("DATABASE_URL", "sqlite:///:memory:")
os.environ.setdefault("CACHE_URL", "locmem://")
os.environ.setdefault("CELERY_BROKER_URL", "memory://")
# Most tests of the back office are about something else.
os.environ.setdefault("STAFF_SECOND_FACTOR", "false")
os.environ.setdefault("DRIVER_APP_URL", "https://app.operator.example/join")
os.environ.setdefault("EMAIL_URL", "memorymail://")

from tests.database.template import copy_postgresql
from tools.demo.settings import *  # noqa: F403

copy_postgresql(DATABASES["default"])  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, DEVICE_COOKIE_NAME = "sessionid", "csrftoken", "device"
# No folder of collected files is needed to serve static files in tests.
WHITENOISE_AUTOREFRESH = True
