"""A whole synchronisation: walks of pages, each page committed together with how far it brings us."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from leadmaster.directory.models import Client, SyncState
from leadmaster.directory.sync import run_lock, timestamps
from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.report import SyncReport
from leadmaster.directory.sync.rows import Reading
from leadmaster.directory.sync.source import Source, Walk
from leadmaster.directory.sync.store import incoming, left_out, mark_gone, store
from leadmaster.lib.db.retry import retrying

BATCH = 1_000
# The source may commit a change a while after the moment that it writes on it, and several within one second. So every
# run begins a little before the end of the last one; rows that it has seen already cost a comparison.
OVERLAP = dt.timedelta(minutes=10)
_GONE = "gone"
# A base that lost more than this share of its clients since the last run is a cut export, or the wrong one.
_MOST_LOST, _FEW = 0.2, 20

Progress = Callable[[int, int], None]


def unseen(_done: int, _total: int) -> None:
    """Nobody watches."""


def synchronise(
    source: Source,
    *,
    name: str,
    reading: Reading,
    now: dt.datetime,
    full: bool = False,
    accept_fewer: bool = False,
    batch: int = BATCH,
    progress: Progress = unseen,
    polite: bool = False,
    keep_going: Callable[[], bool] = lambda: True,
) -> SyncReport:
    """Bring the clients of `name` up to what the source says, and say what was found.

    1. Take over: whoever ran before can't commit any further page. What a killed run left is gone on with. A `polite`
       run leaves one that is alive alone instead, and raises SyncError("running").
    2. Walk: what changed since the last run or, with `full` (and for files), everybody.
    3. With `full`, look which of ours are no longer there. A base that has far fewer clients than we know is refused,
       unless somebody says that it may (`accept_fewer`); an empty one always.
    4. Remember where the next run begins.

    `progress` gets clients done and the total. Between pages `keep_going` may end it early: the next run goes on there.
    Raises SyncError; what was committed stays and the next run goes on.
    """
    token = run_lock.take(name, polite=polite)
    try:
        run = _Run.take_over(
            source,
            name=name,
            token=token,
            reading=reading,
            now=now,
            full=full,
            accept_fewer=accept_fewer,
            batch=batch,
        )
        progress(run.done, run.total)
        while run.phases and keep_going():
            run.step()
            progress(run.done, run.total)
        if not run.phases:
            run.finish()
    finally:
        run_lock.end(name, token)
    return run.report


@dataclasses.dataclass
class _Run:
    """A run at work. Its fields mirror `SyncState.progress`; only `_commit` writes them."""

    source: Source
    name: str
    reading: Reading
    now: dt.datetime
    batch: int
    token: uuid.UUID
    same_as: str
    full: bool
    phases: list[str]
    since: timestamps.RawMoment | None
    mark: timestamps.RawMoment | None
    after: list[Any] | None
    done: int
    total: int
    started_at: dt.datetime
    report: SyncReport

    # --- 1. Take over -----------------------------------------------------------------------------------------------------

    @classmethod
    def take_over(
        cls,
        source: Source,
        *,
        name: str,
        token: uuid.UUID,
        reading: Reading,
        now: dt.datetime,
        full: bool,
        accept_fewer: bool,
        batch: int,
    ) -> _Run:
        state = SyncState.objects.get(source=name)
        same_as = _fingerprint(source, reading, full=full)
        left = state.progress or {}
        if left.get("same_as") == same_as and not source.is_file:
            run = cls(
                source=source,
                name=name,
                reading=reading,
                now=now,
                batch=batch,
                token=token,
                same_as=same_as,
                full=full,
                phases=list(left["phases"]),
                since=left["since"],
                mark=left["mark"],
                after=left["after"],
                done=left["done"],
                total=left["total"],
                started_at=state.started_at or now,
                report=SyncReport.of(state.report),
            )
        else:
            run = cls._fresh(
                source,
                state,
                same_as,
                name=name,
                token=token,
                reading=reading,
                now=now,
                full=full,
                accept_fewer=accept_fewer,
                batch=batch,
            )
        mine = SyncState.objects.filter(pk=state.pk, run=token)
        if not mine.update(progress=run._as_json(), report=run.report.as_dict(), started_at=run.started_at):
            raise run_lock.overtaken()
        return run

    @classmethod
    def _fresh(
        cls,
        source: Source,
        state: SyncState,
        same_as: str,
        *,
        name: str,
        token: uuid.UUID,
        reading: Reading,
        now: dt.datetime,
        full: bool,
        accept_fewer: bool,
        batch: int,
    ) -> _Run:
        by_moment = source.has_moments and not full
        since = _begin(state, reading) if by_moment else None
        walks = [Walk.UNDATED, Walk.DATED] if by_moment else [Walk.ALL]
        total = sum(source.count(walk, since=since) for walk in walks)
        if full and total == 0:
            _refuse_empty(name)
        gone_total = Client.objects.filter(source=name).present().count() if full else 0
        if full and not accept_fewer:
            _refuse_fewer(total, gone_total)
        return cls(
            source=source,
            name=name,
            reading=reading,
            now=now,
            batch=batch,
            token=token,
            same_as=same_as,
            full=full,
            phases=[*(walk.value for walk in walks), *([_GONE] if full else [])],
            since=since,
            # What changes while everybody is read has a later moment than this: the next run sees it.
            mark=source.latest_moment() if source.has_moments else None,
            after=None,
            done=0,
            total=total + gone_total,
            started_at=now,
            report=source.found
            + SyncReport(without_id=sum(source.count_without_id(walk, since=since) for walk in walks)),
        )

    # --- 2. and 3. Walk ---------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One page, read before its transaction begins."""
        if self.phases[0] == _GONE:
            self._look_for_gone()
        else:
            self._read_page(Walk(self.phases[0]))

    def _read_page(self, walk: Walk) -> None:
        records, after = self.source.page(walk, since=self.since, after=self.after, limit=self.batch)
        page = incoming(records, self.source.contacts_of(records), self.reading)

        def write() -> SyncReport:
            found = store(self.name, page, reading=self.reading, now=self.now)
            return found + left_out(records, page)

        self._commit(write, done=len(records), after=after)

    def _look_for_gone(self) -> None:
        # In the order of the unique key: by primary key the database would sort the whole source for every page. The
        # first page names its place too (nobody's id is empty), or a small table is read whole and sorted for it.
        after = self.after[0] if self.after is not None else ""
        rows = Client.objects.filter(source=self.name, external_id__gt=after).present().order_by("external_id")
        ours = list(rows.values_list("external_id", "pk")[: self.batch])
        there = self.source.still_there([external_id for external_id, _pk in ours])
        missing = [pk for external_id, pk in ours if external_id not in there]
        self._commit(
            lambda: SyncReport(gone=mark_gone(self.name, missing, now=self.now) if missing else 0),
            done=len(ours),
            after=[ours[-1][0]] if len(ours) == self.batch else None,
        )

    def _commit(self, write: Callable[[], SyncReport], *, done: int, after: list[Any] | None) -> None:
        """The page and how far it brings us, or neither."""
        phases = self.phases if after is not None else self.phases[1:]

        def page() -> _Run:
            with transaction.atomic(durable=True):
                self._require_token()
                next_ = dataclasses.replace(
                    self, phases=phases, after=after, done=self.done + done, report=self.report + write()
                )
                SyncState.objects.filter(source=self.name).update(
                    progress=next_._as_json(), report=next_.report.as_dict()
                )
                return next_

        try:
            committed = retrying(page)
        except IntegrityError as error:
            raise SyncError(
                "same_id",
                _(
                    "La base de clientes tiene dos identificadores que este directorio no distingue, como “ab1” y “AB1”. "
                    "Indica una columna que los distinga con CLIENTS_MAPPING=external_id=…"
                ),
            ) from error
        self.phases, self.after, self.done = committed.phases, committed.after, committed.done
        self.report = committed.report

    def _require_token(self) -> None:
        holder = SyncState.objects.select_for_update().filter(source=self.name).values_list("run", flat=True).first()
        if holder != self.token:
            raise run_lock.overtaken()

    # --- 4. Remember ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        with transaction.atomic(durable=True):
            self._require_token()
            state = SyncState.objects.get(source=self.name)
            state.cursor = self._cursor(state.cursor)
            state.run = None
            state.progress = None
            state.finished_at = self.now
            state.save()

    def _cursor(self, before: timestamps.RawMoment | None) -> timestamps.RawMoment | None:
        """Where everything before was read. Never ahead of the clock: a date that a typing error put into 2062 would
        hide every change until then."""
        if self.mark is None:
            return before
        moment = timestamps.read(self.mark, self.reading.tz)
        if moment is not None and moment <= self.started_at:
            return self.mark
        try:
            return timestamps.written_like(self.mark, self.started_at, self.reading.tz)
        except ValueError:
            # No date at all, such as 9999-99-99: there is nothing to write like, and the next run reads everybody.
            return self.mark

    def _as_json(self) -> dict[str, Any]:
        return {
            "same_as": self.same_as,
            "full": self.full,
            **run_lock.sign_of_life(),
            "phases": self.phases,
            "since": self.since,
            "mark": self.mark,
            "after": self.after,
            "done": self.done,
            "total": self.total,
        }


def _begin(state: SyncState, reading: Reading) -> timestamps.RawMoment | None:
    """A little before the end of the last run, in the source's own writing. None: from the beginning."""
    cursor: timestamps.RawMoment | None = state.cursor
    moment = timestamps.read(cursor, reading.tz)
    if cursor is None or moment is None:
        return None
    return timestamps.written_like(cursor, moment - OVERLAP, reading.tz)


def _refuse_empty(name: str) -> None:
    """An empty table is a broken export, or the wrong base, more often than the loss of every client."""
    if Client.objects.filter(source=name).present().exists():
        raise SyncError(
            "empty",
            _("La base de clientes está vacía: con --full se cerrarían todos. Revisa de dónde viene antes de seguir."),
        )


def _refuse_fewer(there: int, known: int) -> None:
    """So is one that was cut."""
    if known - there > max(_FEW, _MOST_LOST * known):
        raise SyncError(
            "fewer",
            _(
                "La base de clientes tiene %(there)s y aquí hay %(known)s: con --full se cerrarían los que faltan. Revisa que "
                "no esté cortada; si es así como tiene que ser, usa --accept-fewer."
            )
            % {"there": there, "known": known},
        )


def _fingerprint(source: Source, reading: Reading, *, full: bool) -> str:
    """Whether what a killed run left is the same job as this one."""
    job = repr((source.mapping, source.is_file, reading, full))
    return hashlib.blake2b(job.encode(), digest_size=16).hexdigest()
