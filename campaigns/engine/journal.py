"""What this machine handed to a socket, kept outside the database: one line per dispatch, written before the socket.

A database that came back from a backup forgets the last sends. This file does not, so the guard can tell: when the
last lines name claims that the database has never seen, the envíos of those lines may already have gone out. They are
parked as `incierto` and the switch is turned off for a person to look; nothing is sent again by itself.

Each machine guards its own sends. The file holds ids only, and starts anew past a million lines.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import envio_states, switch
from campaigns.enums import EnvioState, Evidence
from campaigns.models import Attempt, Envio
from leadmaster.lib.db import retrying
from leadmaster.ops.alerts import raise_alert
from leadmaster.ops.models import Alert

_LINE = "{token} {envio_id:020d} {at}\n"
_LINE_BYTES = len(_LINE.format(token=uuid.UUID(int=0), envio_id=0, at="0" * 32))
_MAX_BYTES = 1_000_000 * _LINE_BYTES
_LOOK_BACK = 5_000  # lines
_lock = threading.Lock()


def path() -> Path:
    return Path(settings.SENDER_JOURNAL_DIR) / f"{socket.gethostname()}.log"


def write(token: uuid.UUID, envio_id: int, at: dt.datetime) -> None:
    """Append one dispatch and push it to the disk's cache. One `write` call, so that processes don't mix lines."""
    line = _LINE.format(token=token, envio_id=envio_id, at=at.isoformat(timespec="microseconds").ljust(32, " "))
    with _lock:
        target = path()
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        if target.exists() and target.stat().st_size > _MAX_BYTES:
            target.replace(target.with_suffix(".old"))
        descriptor = os.open(target, flags, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def tail(lines: int = _LOOK_BACK) -> list[tuple[uuid.UUID, int]]:
    """The last dispatches, oldest first. A torn or foreign line is passed over."""
    target = path()
    if not target.exists():
        return []
    with target.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - lines * _LINE_BYTES))
        raw = file.read().decode(errors="replace").splitlines()
    found = []
    for line in raw:
        parts = line.split()
        try:
            found.append((uuid.UUID(parts[0]), int(parts[1])))
        except (IndexError, ValueError):
            continue
    return found


def guard_against_restore(now: dt.datetime) -> int:
    """Compare the journal with the database; returns how many envíos were parked. One query when all is well."""
    last = tail(1)
    if not last or Attempt.objects.filter(token=last[0][0]).exists():
        return 0
    dispatched = tail()
    known = set()
    tokens = [token for token, _envio_id in dispatched]
    for start in range(0, len(tokens), 500):
        known |= set(Attempt.objects.filter(token__in=tokens[start : start + 500]).values_list("token", flat=True))
    forgotten = [envio_id for token, envio_id in dispatched if token not in known]
    parked = retrying(lambda: _park(forgotten, now))
    _start_anew()
    return parked


@transaction.atomic(durable=True)
def _park(envio_ids: list[int], now: dt.datetime) -> int:
    ids = list(
        Envio.objects.select_for_update()
        .filter(id__in=envio_ids, state=EnvioState.PENDING)
        .order_by("id")
        .values_list("id", flat=True)
    )
    reason = _("La base de datos volvió de un respaldo: este envío pudo haber salido después.")
    envio_states.move(
        *ids,
        source=EnvioState.PENDING,
        target=EnvioState.UNCERTAIN,
        error_code="RESTORED",
        error_text=reason,
        lookups=0,
        lookup_due=now,
    )
    envio_states.record(
        ids,
        source=EnvioState.PENDING,
        target=EnvioState.UNCERTAIN,
        evidence=Evidence.RESTORE,
        now=now,
        reason=reason,
    )
    switch.turn(
        on=False,
        by=None,
        now=now,
        reason=_("La base volvió de un respaldo. Revisa los inciertos y enciende los envíos cuando estén resueltos."),
    )
    raise_alert(
        "database-restored",
        title=_("La base de datos volvió de un respaldo"),
        body=_(
            "%(count)d envíos pudieron haber salido después del respaldo y quedaron como inciertos. Los envíos "
            "automáticos están apagados hasta que una persona los encienda."
        )
        % {"count": len(ids)},
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
    return len(ids)


def _start_anew() -> None:
    """What the journal knew is in the database now."""
    target = path()
    target.replace(target.with_suffix(".restored"))
