"""Who got one message several times, because several workers took the same job of the queue."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt

from leadmaster.legacy import values
from leadmaster.legacy.phones import telling_digits
from leadmaster.legacy.report import Copies
from leadmaster.legacy.source import Row, Source

# A send that names no job is one of this person's job when it came so soon after it.
_SAME_RUN = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Send:
    id: int
    at: dt.datetime | None
    message_id: str


@dataclasses.dataclass(frozen=True)
class _Job:
    row: Row
    created: dt.datetime | None


class Sends:
    """`envios_whatsapp` beside its queue: the sends of each job, and the job of each send."""

    def __init__(self, source: Source) -> None:
        self._jobs = {row.id: _Job(row, _clock(row["fecha_creacion"])) for row in source.rows("cola_envios")}
        self._by_person: dict[str, list[int]] = collections.defaultdict(list)
        for job_id, job in self._jobs.items():
            self._by_person[_person(job.row)].append(job_id)
        self.of_job: dict[int, list[Send]] = collections.defaultdict(list)
        self.job_of: dict[int, int] = {}
        for row in source.rows("envios_whatsapp"):
            send = Send(row.id, _clock(row["fecha_envio"]), values.text(row["message_id"]))
            taken_from = self._job_of(row, send)
            if taken_from is not None:
                self.of_job[taken_from].append(send)
                self.job_of[row.id] = taken_from

    def copies(self) -> list[Copies]:
        """One message is one text to one person in one session of the queue, were it queued twice or sent twice."""
        messages: dict[tuple[str, int, str], list[int]] = collections.defaultdict(list)
        for job_id, job in self._jobs.items():
            text = " ".join(values.text(job.row["mensaje"]).split())
            messages[_person(job.row), values.reference(job.row["sesion_id"]) or 0, text].append(job_id)
        return [found for jobs in messages.values() if (found := self._copies(jobs)) is not None]

    def _copies(self, jobs: list[int]) -> Copies | None:
        """A job that says "sent" and has no line of what was sent counts as one."""
        sends = [send for job in jobs for send in self.of_job.get(job, ())]
        silent = sum(
            not self.of_job.get(job) and values.text(self._jobs[job].row["estado"]).lower() == "enviado" for job in jobs
        )
        if len(sends) + silent < 2:
            return None
        row = self._jobs[jobs[0]].row
        moments = sorted(send.at for send in sends if send.at is not None)
        return Copies(
            client=values.reference(row["cliente_id"]),
            phone=values.text(row["telefono"]),
            message=values.text(row["mensaje"])[:120],
            copies=len(sends) + silent,
            first=moments[0] if moments else None,
            last=moments[-1] if moments else None,
        )

    def _job_of(self, row: Row, send: Send) -> int | None:
        named = values.reference(row["cola_id"])
        if named is not None:
            return named if named in self._jobs else None
        near = [
            (job.created, -job_id)
            for job_id in self._by_person.get(_person(row), ())
            if (job := self._jobs[job_id]).created is not None and self._is_near(job, send)
        ]
        return -max(near)[1] if near else None

    def _is_near(self, job: _Job, send: Send) -> bool:
        if job.created is None or send.at is None:
            return False
        return dt.timedelta(0) <= send.at - job.created <= _SAME_RUN


def _person(row: Row) -> str:
    return telling_digits(row["telefono"]) or f"#{values.text(row['cliente_id'])}"


def _clock(cell: str | None) -> dt.datetime | None:
    try:
        return values.wall_clock(cell)
    except values.Unreadable:
        return None
