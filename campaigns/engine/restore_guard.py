"""Notice a database that is older than what was sent, and keep it from sending any of it again.

Each minute the end of the journal is compared with the database (`suspicion`, part of one SELECT). Three things tell:
dispatches that the database does not know, an epoch that the database has not reached, and a restore that another
machine noticed and that this one has not reported on. Then the whole journal is read and

    what the backup, or somebody since, calls unsent and may have left becomes `incierto`;
    what it does not know at all is kept as a hash: the same text does not go to the same person by itself;
    the switch goes off, until each machine that sends has reported, or a person says that its journal is lost.

What was taken in is remembered in the database, and the journal is left as it is: the same backup restored a second
time forgets both, and is noticed again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import socket
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from campaigns import envio_states, restores
from campaigns.engine import journal
from campaigns.engine.claim import Claim
from campaigns.engine.journal import Line, Mark
from campaigns.engine.settle import RESTORED
from campaigns.enums import AttemptOutcome, EnvioState, Evidence
from campaigns.models import (
    Attempt,
    DatabaseIdentity,
    Envio,
    EnvioEvent,
    ForgottenDispatch,
    JournalReport,
    Restore,
    Sender,
)
from leadmaster.lib.db.compiled import Param, params
from leadmaster.lib.db.retry import drop_broken_connection, is_lost_connection, retrying

# Lines that every tick compares. A tick that was at work while the database was exchanged adds lines that the
# database does know, so the last one alone would prove nothing.
_GLANCE = 50
_CHUNK = 500
# What says that nothing left. A person's word for it stays.
_UNSENT = (EnvioState.PENDING, EnvioState.ERROR, EnvioState.CANCELLED)
# For so long after a restore the same text does not go to the same person by itself.
EXCLUDED_FOR = dt.timedelta(days=30)

T = TypeVar("T")


def begin(now: dt.datetime) -> None:
    """Begin a minute in which this machine may send: a new epoch, in the database first and then in the journal.

    Raises OSError when the journal can't be written: then nothing may leave.
    """
    key = journal.sender_key()
    epoch, database = _again_if_lost(functools.partial(_advance, key, 0, now))
    known = _again_if_lost(lambda: tuple(Sender.objects.exclude(key=key).values_list("key", flat=True)))
    journal.write_mark(Mark(database=database, epoch=epoch, at=now, sender=key, known=known))


def _again_if_lost(operation: Callable[[], T]) -> T:
    """Also when the connection breaks, and nobody knows whether the COMMIT held: an epoch may be passed over."""
    try:
        return retrying(operation)
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        return retrying(operation)


def was_written_to(claim: Claim, now: dt.datetime) -> bool:
    """Whether this person got this text after the backup, and nobody decided since that they get it again."""
    if not Envio.objects.filter(pk=claim.envio_id, settled_by__isnull=True).exists():
        return False
    keys = journal.person_keys(claim.phone, claim.text)
    return ForgottenDispatch.objects.filter(person_key__in=keys, excluded_until__gt=now).exists()


# --- Suspicion -------------------------------------------------------------------------------------------------------


class Answers(NamedTuple):
    """What the database says to the columns of a suspicion."""

    told: int  # of the tail's dispatches, those that it knows
    database: uuid.UUID | None
    epoch: int | None
    awaited: bool  # a restore waits for this machine's journal
    foreign: bool  # an envío waits here that a line of another database, or of none, names


class Shape(NamedTuple):
    """What the words of a suspicion's columns depend on; its values come with each execution."""

    tokens: int
    key: bool
    foreign: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suspicion:
    """The end of the journal, about which the database is asked."""

    tail: journal.Tail
    key: uuid.UUID | None
    unreadable: bool = False

    @property
    def _foreign(self) -> list[Line]:
        return [line for line in self.tail.lines if line.database not in self.tail.epochs]

    @property
    def shape(self) -> Shape:
        return Shape(tokens=len(self.tail.tokens), key=self.key is not None, foreign=len(self._foreign))

    @property
    def values(self) -> dict[str, Any]:
        """Those of the parameters in `columns`."""
        foreign = self._foreign
        return {
            "tokens": list(self.tail.tokens),
            "key": self.key,
            "foreign_tokens": [line.token for line in foreign],
            "foreign_ids": [line.client_message_id for line in foreign],
        }

    def confirmed(self, answers: Answers) -> bool:
        """Whether the database's answers ask for the guard."""
        if self.unreadable or answers.awaited or answers.foreign:
            return True
        if self.tail.empty:
            return False
        if answers.database is None or answers.database not in self.tail.epochs:
            return True  # a journal that says nothing of this database yet
        ours = {line.token for line in self.tail.lines if line.database == answers.database}
        return self.tail.epochs[answers.database] > (answers.epoch or 0) or answers.told < len(ours)


def columns(shape: Shape) -> tuple[Any, ...]:
    """Of a SELECT, in the order of `Answers`: by them the database answers suspicions of this shape."""
    key = Param("key", UUIDField())
    tokens = params("tokens", UUIDField(), shape.tokens)
    foreign_tokens = params("foreign_tokens", UUIDField(), shape.foreign)
    foreign_ids = params("foreign_ids", UUIDField(), shape.foreign)
    return (
        _count(_told(tokens)) + _count(_taken_in(tokens)) if tokens else Value(0),
        Subquery(DatabaseIdentity.objects.values("key")[:1]),
        Subquery(Sender.objects.filter(key=key).values("epoch")[:1]) if shape.key else _nothing(),
        Exists(JournalReport.objects.awaited().filter(sender__key=key)) if shape.key else Value(False),
        Exists(_forgotten_envios(foreign_tokens, foreign_ids)) if shape.foreign else Value(False),
    )


def _nothing() -> Value:
    return Value(None, output_field=IntegerField())


def suspicion() -> Suspicion:
    """Read the end of the journal. One that can't be read is suspicious: the guard says what is wrong with it."""
    try:
        return Suspicion(tail=journal.tail(_GLANCE), key=journal.known_sender_key())
    except OSError:
        return Suspicion(tail=journal.Tail(lines=(), epochs={}), key=None, unreadable=True)


# --- The guard -------------------------------------------------------------------------------------------------------


def guard_against_restore(now: dt.datetime) -> int:
    """Compare the whole journal with the database; returns how many envíos were parked.

    No query while there is no journal. Raises OSError when it can't be read or written.
    """
    if journal.known_sender_key() is None and not any(True for _chunk in journal.chunks(1)):
        return 0
    key, database = journal.sender_key(), _again_if_lost(_database)
    marks = [mark for mark in journal.marks() if mark.database == database]
    forgotten = [line for chunk in journal.chunks() for line in _untold(chunk, database)]
    highest = max((mark.epoch for mark in marks if mark.sender == key), default=0)
    named = {other for mark in marks for other in (mark.sender, *mark.known)}
    parked = _again_if_lost(functools.partial(_report, key, forgotten, highest, named, now))
    epoch, database = _again_if_lost(functools.partial(_advance, key, highest, now))
    journal.write_mark(Mark(database=database, epoch=epoch, at=now, sender=key, known=tuple(named - {key})))
    return parked


def _untold(lines: Collection[Line], database: uuid.UUID) -> Iterator[Line]:
    """Those whose dispatch this database does not know: no such claim, or one that it believes never left.

    Of a line that names another database, or none, only an envío that is here and waits tells that it is ours.
    """
    tokens = {line.token for line in lines}
    told = {*_told(tokens).values_list("token", flat=True), *_taken_in(tokens).values_list("token", flat=True)}
    untold = [line for line in lines if line.token not in told]
    foreign = [line for line in untold if line.database != database]
    ids = [line.client_message_id for line in foreign]
    waiting = _forgotten_envios([line.token for line in foreign], ids)
    ours = set(waiting.values_list("client_message_id", flat=True)) if foreign else set()
    return (line for line in untold if line.database == database or line.client_message_id in ours)


def _told(tokens: Collection[Any]) -> QuerySet[Attempt]:
    """Those whose dispatch the database knows. A claim whose lease ran out before it, as another machine saw it in the
    backup, is closed as never sent: that it was written down here says otherwise.
    """
    unsent = Q(outcome=AttemptOutcome.OPEN, envio__dispatched_at__isnull=True)
    unsent |= Q(outcome=AttemptOutcome.NOT_SENT, dispatched_at__isnull=True)
    return Attempt.objects.filter(token__in=tokens).exclude(unsent)


def _taken_in(tokens: Collection[Any]) -> QuerySet[ForgottenDispatch]:
    """Those that an earlier restore told of, unless what was parked then is pending again and nothing says why."""
    parked = EnvioEvent.objects.filter(envio=OuterRef("envio"), evidence=Evidence.RESTORE)
    return ForgottenDispatch.objects.filter(token__in=tokens).exclude(
        ~Exists(parked), envio__isnull=False, envio__state=EnvioState.PENDING
    )


def _forgotten_envios(tokens: Collection[Any], ids: Collection[Any]) -> QuerySet[Envio]:
    """Of the envíos with these client message ids, those that stand as if what these tokens claimed had never left."""
    unsent = Q(state__in=_UNSENT, settled_by__isnull=True) | Q(state=EnvioState.SENDING, dispatched_at__isnull=True)
    known = _told(tokens).filter(envio=OuterRef("pk"))
    taken_in = ForgottenDispatch.objects.filter(envio=OuterRef("pk"), token__in=tokens)
    parked = EnvioEvent.objects.filter(envio=OuterRef("pk"), evidence=Evidence.RESTORE)
    return Envio.objects.filter(unsent, ~Exists(known), ~Exists(taken_in), ~Exists(parked), client_message_id__in=ids)


# --- Writing ---------------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _advance(key: uuid.UUID, beyond: int, now: dt.datetime) -> tuple[int, uuid.UUID]:
    """The next epoch of this machine, beyond the one that its journal has reached, and the key of the database."""
    # The row first, and its making afterwards: two ticks that begin at once wait for each other and don't deadlock.
    next_epoch = Greatest(F("epoch"), Value(beyond)) + 1
    Sender.objects.filter(key=key).update(epoch=next_epoch, name=_host(), last_seen_at=now)
    _make_sender(key, now, epoch=beyond + 1)
    return Sender.objects.values_list("epoch", flat=True).get(key=key), _database()


def _make_sender(key: uuid.UUID, now: dt.datetime, *, epoch: int = 0) -> None:
    """Unless it is there."""
    sender = Sender(key=key, name=_host(), epoch=epoch, first_seen_at=now, last_seen_at=now)
    Sender.objects.bulk_create([sender], ignore_conflicts=True)


def _database() -> uuid.UUID:
    """The key of the database, which gets one when it has none."""
    DatabaseIdentity.objects.bulk_create([DatabaseIdentity(pk=1)], ignore_conflicts=True)
    return DatabaseIdentity.objects.values_list("key", flat=True).get(pk=1)


@transaction.atomic(durable=True)
def _report(key: uuid.UUID, found: Sequence[Line], highest: int, named: Collection[uuid.UUID], now: dt.datetime) -> int:
    """Take in what the journal told, and report; returns how many envíos were parked."""
    database = _database()
    restores.wait_for_others()
    _make_sender(key, now)
    sender = Sender.objects.get(key=key)
    # Another tick of this machine may have taken it in meanwhile.
    forgotten = [
        line for start in range(0, len(found), _CHUNK) for line in _untold(found[start : start + _CHUNK], database)
    ]
    mine = list(JournalReport.objects.awaited().filter(sender=sender))
    if not forgotten and highest <= sender.epoch and not mine:
        return 0
    if forgotten or highest > sender.epoch:
        mine.append(restores.open_or_join(sender, named=named, now=now))
    parked = _take_in(forgotten, mine[-1].restore, now)
    restores.report(mine, parked=parked, forgotten=len(forgotten), now=now)
    return parked


def _take_in(forgotten: Sequence[Line], restore: Restore, now: dt.datetime) -> int:
    envios = {}
    for start in range(0, len(forgotten), _CHUNK):
        some = [line.client_message_id for line in forgotten[start : start + _CHUNK]]
        rows = Envio.objects.select_for_update().filter(client_message_id__in=some).order_by("id")
        envios.update({envio.client_message_id: envio for envio in rows})
    _remember(forgotten, envios, restore, now)
    for line in forgotten:
        envio = envios.get(line.client_message_id)
        if envio is not None and envio.state == EnvioState.SENDING and envio.dispatched_at is None:
            # The backup was made between claim and dispatch: the lease that runs out must not call it unsent.
            Envio.objects.filter(pk=envio.pk).update(dispatched_at=line.at or now)
    unsent = [envio for envio in envios.values() if envio.state in _UNSENT and envio.settled_by_id is None]
    return sum(park([one.pk for one in unsent if one.state == state], now, state=state) for state in _UNSENT)


def _remember(forgotten: Sequence[Line], envios: Mapping[uuid.UUID, Envio], restore: Restore, now: dt.datetime) -> None:
    """What the database will know by itself is left out: a claim that the backup has and that is still open."""
    tokens = [line.token for line in forgotten]
    claimed: set[uuid.UUID] = set()
    for start in range(0, len(tokens), _CHUNK):
        some = tokens[start : start + _CHUNK]
        still_open = Attempt.objects.filter(token__in=some, outcome=AttemptOutcome.OPEN)
        claimed |= set(still_open.values_list("token", flat=True))
        ForgottenDispatch.objects.filter(token__in=some).delete()  # of a restore whose parking was forgotten too
    rows = {
        line.token: ForgottenDispatch(
            restore=restore,
            token=line.token,
            client_message_id=line.client_message_id,
            person_key=line.person_key,
            at=line.at or now,
            excluded_until=now + EXCLUDED_FOR,
            envio=envios.get(line.client_message_id),
        )
        for line in forgotten
        if line.token not in claimed
    }
    ForgottenDispatch.objects.bulk_create(rows.values(), batch_size=_CHUNK)


def park(ids: Sequence[int], now: dt.datetime, *, state: EnvioState = EnvioState.PENDING) -> int:
    """From this state to `incierto`: they may have left after the backup. Runs in the caller's transaction."""
    reason = _("La base de datos volvió de un respaldo: este envío pudo haber salido después.")
    moved = 0
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        moved += envio_states.move(
            *some,
            source=state,
            target=EnvioState.UNCERTAIN,
            now=now,
            error_code=RESTORED,
            error_text=reason,
            lookups=0,
            lookup_due=now,
            ended_at=None,
        )
        envio_states.record(
            some,
            source=state,
            target=EnvioState.UNCERTAIN,
            evidence=Evidence.RESTORE,
            now=now,
            reason=reason,
        )
    return moved


def _host() -> str:
    return socket.gethostname()[:200]


def _count(rows: QuerySet[Any]) -> Subquery:
    # Not Count(), which would group by each row.
    count = Func("pk", function="COUNT", output_field=IntegerField())
    return Subquery(rows.order_by().annotate(n=count).values("n"))
