"""The environment of the tests, set before Django reads its settings: a developer's .env has no say.

Loaded by pytest as a plugin (`-p tests.environment`), because pytest-django starts Django before any conftest.
DATABASE_URL decides on which database the suite runs; without one it is SQLite, in a file that threads can share.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# One directory per process: every xdist worker has its own database file, media and journal.
SCRATCH = Path(tempfile.mkdtemp(prefix="leadmaster-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

os.environ.setdefault("DATABASE_URL", f"sqlite:///{SCRATCH / 'leadmaster.sqlite3'}")
os.environ.update(
    SECRET_KEY="tests-sign-with-this-and-nothing-else-does",
    FIELD_ENCRYPTION_KEY="0f" * 32,
    DEBUG="false",
    ALLOWED_HOSTS="localhost,127.0.0.1,[::1],testserver",
    SESSION_MANAGER_TOKEN="token-of-the-tests",
    SESSION_MANAGER_BASE_URL="http://localhost:3011",
    SESSION_MANAGER_SEND_TIMEOUT="90",
    AUTO_CAMPAIGNS_ENABLED="true",
    DIAG_SENDER="false",
    WHATSAPP_DAILY_LIMIT="180",
    TIME_ZONE="America/Argentina/Cordoba",
    EMAIL_URL="memorymail://",
    MEDIA_ROOT=str(SCRATCH / "media"),
    SENDER_JOURNAL_DIR=str(SCRATCH / "journal"),
)
for _name in (
    "ALERT_EMAILS",
    "ALERT_WEBHOOK_URL",
    "ALERT_WEBHOOK_SECRET",
    "BEHIND_TLS",
    "CSRF_TRUSTED_ORIGINS",
    "PORT",
):
    os.environ[_name] = ""
