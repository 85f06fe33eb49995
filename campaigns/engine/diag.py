"""The diagnosis log (`DIAG_SENDER`): one structured line per step. No phone, name or text ever."""

from __future__ import annotations

import json
import logging

logger = logging.getLogger("sender.diag")


def step(name: str, **facts: object) -> None:
    """Log one step with its facts as JSON, when diagnosis is on."""
    if logger.isEnabledFor(logging.INFO):
        logger.info(json.dumps({"step": name, **facts}, default=str, separators=(",", ":")))
