"""Logs that somebody reads."""

from __future__ import annotations

import logging


class StrangersInOneLine(logging.Filter):
    """A wrong Host, a refused filter, a forged form: a line, and no traceback of a fault that is not ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
