"""What this machine handed to a socket, kept outside the database: one line per dispatch, written before the socket.

A database that came back from a backup forgets the last sends. This file does not, so the guard can tell: when lines
name dispatches that the database has never seen, the envíos of those lines may already have gone out. They are parked
as `incierto` and the switch is turned off for a person to look; nothing is sent again by itself.

Each machine guards its own sends. The file holds ids only: of our claim, and of the envío by the id that it got when
it was made, so that another database's rows are never taken for these. It starts anew past a million lines.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import os
import socket
import threading
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Func, IntegerField, QuerySet, Subquery
from django.utils.translation import gettext as _

from campaigns import envio_states, switch
from campaigns.enums import AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Envio
from leadmaster.lib.db.retry import retrying
from leadmaster.ops.alerts import raise_alert
from leadmaster.ops.models import Alert

logger = logging.getLogger(__name__)

_LINE = "{token} {client_message_id} {at}\n"
_LINE_BYTES = len(_LINE.format(token=uuid.UUID(int=0), client_message_id=uuid.UUID(int=0), at="0" * 32))
_MAX_BYTES = 1_000_000 * _LINE_BYTES
# Lines that every tick compares. A tick that was at work while the database was exchanged adds lines that the
# database does know, so the last one alone would prove nothing.
_GLANCE = 50
_CHUNK = 500
_lock = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Line:
    """One dispatch: which claim, of which envío, when (UTC)."""

    token: uuid.UUID
    client_message_id: uuid.UUID
    at: dt.datetime


def path() -> Path:
    return Path(settings.SENDER_JOURNAL_DIR) / f"{socket.gethostname()}.log"


def write(token: uuid.UUID, client_message_id: uuid.UUID, at: dt.datetime) -> None:
    """Append one dispatch. One `write` call, so that processes don't mix lines. Raises OSError when it can't."""
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds").ljust(32)
    line = _LINE.format(token=token, client_message_id=client_message_id, at=moment).encode()
    with _lock:
        target = path()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.stat().st_size > _MAX_BYTES:
            _set_aside(".old")
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(f"the journal took only part of a line: {target}")
        finally:
            os.close(descriptor)


def chunks(lines: int) -> Iterator[list[Line]]:
    """The dispatches, the newest chunk of so many lines first. A torn or foreign line is passed over."""
    for target in (path(), path().with_suffix(".old")):
        with contextlib.suppress(FileNotFoundError), target.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - lines * _LINE_BYTES)
                file.seek(start)
                yield list(_read(file.read(end - start)))
                end = start


def latest_tokens() -> set[uuid.UUID]:
    """The claims of the latest dispatches."""
    return {line.token for line in next(chunks(_GLANCE), [])}


def how_many_told(tokens: Collection[uuid.UUID]) -> Subquery:
    """Of the dispatches of these claims, how many the database knows: a part of somebody's question."""
    # Not Count(), which would group by each row.
    count = Func("pk", function="COUNT", output_field=IntegerField())
    return Subquery(_told(tokens).order_by().annotate(n=count).values("n"))


def guard_against_restore(now: dt.datetime) -> int:
    """Compare the journal with the database; returns how many envíos were parked. One query when all is well."""
    if not _untold(next(chunks(_GLANCE), [])):
        return 0
    forgotten: list[Line] = []
    # Back to where the database knows everything again: there the backup was made.
    for chunk in chunks(_CHUNK):
        untold = _untold(chunk)
        forgotten += untold
        if not untold and forgotten:
            break
    parked = retrying(lambda: _park(forgotten, now))
    _set_aside(".restored")
    return parked


def _read(raw: bytes) -> Iterator[Line]:
    for line in raw.decode(errors="replace").splitlines():
        parts = line.split()
        try:
            yield Line(uuid.UUID(parts[0]), uuid.UUID(parts[1]), dt.datetime.fromisoformat(parts[2]))
        except (IndexError, ValueError):
            continue


def _untold(lines: Collection[Line]) -> list[Line]:
    """Those whose dispatch the database does not know: no such claim, or one that it believes never left."""
    if not lines:
        return []
    told = set(_told([line.token for line in lines]).values_list("token", flat=True))
    return [line for line in lines if line.token not in told]


def _told(tokens: Collection[uuid.UUID]) -> QuerySet[Attempt]:
    return Attempt.objects.filter(token__in=tokens).exclude(
        outcome=AttemptOutcome.OPEN, envio__dispatched_at__isnull=True
    )


@transaction.atomic(durable=True)
def _park(forgotten: Collection[Line], now: dt.datetime) -> int:
    left_at = {line.client_message_id: line.at for line in forgotten}
    envios = []
    for start in range(0, len(left_at), _CHUNK):
        some = list(left_at)[start : start + _CHUNK]
        envios += list(Envio.objects.select_for_update().filter(client_message_id__in=some).order_by("id"))
    if not envios:
        # Rows that were deleted on purpose, or a database that is not the one this journal was written beside.
        logger.warning("the journal names %d dispatches of envíos that this database does not have", len(left_at))
        return 0
    for envio in envios:
        if envio.state == EnvioState.SENDING and envio.dispatched_at is None:
            # The backup was made between claim and dispatch: the lease that runs out must not call it unsent.
            Envio.objects.filter(pk=envio.pk).update(dispatched_at=left_at[envio.client_message_id])
    parked = _to_uncertain([envio.pk for envio in envios if envio.state == EnvioState.PENDING], now)
    _stop_and_tell(parked, now)
    return parked


def _to_uncertain(ids: list[int], now: dt.datetime) -> int:
    if not ids:
        return 0
    reason = _("La base de datos volvió de un respaldo: este envío pudo haber salido después.")
    moved = envio_states.move(
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
    return moved


def _stop_and_tell(parked: int, now: dt.datetime) -> None:
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
        % {"count": parked},
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _set_aside(suffix: str) -> None:
    """Begin a new file; another process may have done it a moment ago."""
    target = path()
    with contextlib.suppress(FileNotFoundError):
        target.replace(target.with_suffix(suffix))
