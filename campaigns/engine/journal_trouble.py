"""A journal that can't be read or written stops all sending of its machine: told at once, and told when it is over.

What could not be told after a restore must not leave, so there is no sending without the journal.
"""

from __future__ import annotations

import datetime as dt
import logging
import socket

from django.utils.translation import gettext as _

from campaigns.engine import journal
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert

logger = logging.getLogger(__name__)

_PREFIX = "journal-unusable:"


@in_project_language
def tell(error: OSError, now: dt.datetime) -> None:
    """This machine sends nothing until its journal works again."""
    logger.critical("the journal can't be used: nothing is sent", exc_info=error)
    raise_alert(
        _key(),
        title=_("%(host)s no puede usar su diario de envíos") % {"host": socket.gethostname()},
        body=_(
            "Este equipo no envía nada: %(error)s (%(folder)s). Revisa que el disco tenga lugar y que se pueda escribir; "
            "los envíos siguen solos."
        )
        % {"error": error.strerror or type(error).__name__, "folder": journal.folder()},
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def is_over(now: dt.datetime) -> None:
    """This machine wrote its journal. One query."""
    resolve_alert(_key(), now=now)


def machines() -> int:
    """How many machines can't use theirs. One query."""
    return Alert.objects.filter(open_key__startswith=_PREFIX).count()


def _key() -> str:
    return f"{_PREFIX}{socket.gethostname()}"[:160]
