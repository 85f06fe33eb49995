"""The tests' settings, with the peers that we are measured beside."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "post_office", "tests.bench.outbox"]
SENDER_JOURNAL_DIR = Path(os.environ.get("SENDER_JOURNAL_DIR", f"{tempfile.gettempdir()}/leadmaster-bench-journal"))
SENDER_SLOTS = 64
# A measurement may call a tick a hundred times; nothing of it is worth a line.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": True,
    "handlers": {"nowhere": {"class": "logging.NullHandler"}},
    "loggers": {"post_office": {"handlers": ["nowhere"], "propagate": False}},
}

POST_OFFICE = {
    "BACKENDS": {
        "default": "django.core.mail.backends.dummy.EmailBackend",
        "ledger": "tests.bench.outbox.mail.LedgerBackend",
    },
}
