"""The product's settings with values that no machine's .env has a say in.

The names are set before the real settings are read, and only where the environment is silent: DATABASE_URL chooses the
database of a run, and a test that starts a process gives it what it needs.
"""

from __future__ import annotations

import os
import tempfile

_VALUES = {
    # A file, because threads need a database that they can share. Tests run beside it, on one of their own.
    "DATABASE_URL": f"sqlite:///{tempfile.gettempdir()}/leadmaster-never-made.sqlite3",
    "SECRET_KEY": "tests-sign-with-this-and-nothing-else-does",
    "FIELD_ENCRYPTION_KEY": "0f" * 32,
    "DEBUG": "false",
    "BEHIND_TLS": "false",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1],testserver",
    "CSRF_TRUSTED_ORIGINS": "",
    "TIME_ZONE": "America/Argentina/Cordoba",
    "EMAIL_URL": "memorymail://",
    "ALERT_EMAILS": "",
    "ALERT_WEBHOOK_URL": "",
    "ALERT_WEBHOOK_SECRET": "",
    "WEB_PORT": "8000",
    "SESSION_MANAGER_BASE_URL": "http://localhost:3011",
    "SESSION_MANAGER_TOKEN": "token-of-the-tests",
    "SESSION_MANAGER_WEBHOOK_SECRET": "secret-of-the-tests",
    "SESSION_MANAGER_SEND_TIMEOUT": "90",
    "AUTO_CAMPAIGNS_ENABLED": "true",
    "DIAG_SENDER": "false",
    "WHATSAPP_DAILY_LIMIT": "180",
    "SENDER_SLOTS": "1",
}
for _name, _value in _VALUES.items():
    os.environ.setdefault(_name, _value)

from leadmaster.settings import *  # noqa: E402, F403

# Hundreds of people are made in the tests, and none of their passwords keeps anything.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Nothing here cuts the power: no commit has to wait for a disk.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"  # noqa: F405

# Nobody's throttle counts the requests of another process's tests. (The product's own has a test in test_project.) And
# nothing is kept for seconds, which another test's rows with the same numbers would be shown.
_COUNTS_HERE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {"default": CACHES["default"] if os.environ.get("SHARED_CACHE") else _COUNTS_HERE}  # noqa: F405

# Files are served from where they are written; what collecting makes of them has a test of its own.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
