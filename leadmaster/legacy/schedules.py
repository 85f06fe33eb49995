"""Schedules come in unapproved, whatever they were: none of them sends before a person approved it here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Sequence

from django.utils.translation import gettext as _

from campaigns import adoption
from campaigns.models import Campaign
from leadmaster.legacy import values
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work

TABLE = "ll_programaciones"
_DAYS = {"lu": 0, "ma": 1, "mi": 2, "ju": 3, "vi": 4, "sa": 5, "do": 6}
_REJECTED = "rechazada"
_DEFAULT_CAP = 180


@dataclasses.dataclass(frozen=True)
class _Schedule:
    row: Row
    campaign: int
    past: adoption.PastSchedule


def take(work: Work) -> None:
    for batch in work.batches(TABLE):
        schedules = [schedule for row in batch if (schedule := _decided(row, work)) is not None]
        work.write([schedule.row for schedule in schedules], functools.partial(_write, schedules, work))


def _decided(row: Row, work: Work) -> _Schedule | None:
    campaign = values.reference(row["campania_id"])
    if campaign not in work.links["ll_campanias_whatsapp"] or campaign is None:
        work.refuse(row, "unknown_campaign", _("Su campaña no está: %(id)s.") % {"id": row["campania_id"]})
        return None
    try:
        past = _past(row, work)
    except values.Unreadable as error:
        work.refuse(row, "unreadable", _("No se entiende cuándo enviaba: “%(what)s”.") % {"what": error})
        return None
    return _Schedule(row, campaign, past)


def _past(row: Row, work: Work) -> adoption.PastSchedule:
    """Raises Unreadable."""
    opens, closes = values.time_of_day(row["hora_inicio"]), values.time_of_day(row["hora_fin"])
    starts_on, ends_on = values.day(row["fecha_inicio"]), _end(row, work)
    if opens is None or closes is None or opens == closes != dt.time(0):
        raise values.Unreadable(f"{row['hora_inicio']}–{row['hora_fin']}")
    if starts_on is None:
        raise values.Unreadable(row["fecha_inicio"] or "fecha_inicio")
    if ends_on is not None and ends_on < starts_on:
        raise values.Unreadable(f"{starts_on}–{ends_on}")
    state = values.text(row["estado"]).lower()
    if state != _REJECTED:
        work.correct(row, "approve_again", _("Estaba «%(state)s»: entra por aprobar.") % {"state": state or "?"})
    cap = values.number(row["cupo_diario"])
    return adoption.PastSchedule(
        weekdays=_weekdays(row["dias_semana"]),
        opens=opens,
        closes=closes,
        starts_on=starts_on,
        ends_on=ends_on,
        daily_cap=cap if cap is not None and cap >= 1 else _DEFAULT_CAP,
        rejected=state == _REJECTED,
    )


def _end(row: Row, work: Work) -> dt.date | None:
    try:
        return values.day(row["fecha_fin"])
    except values.Unreadable:
        # A zero date is how old programs wrote "none".
        work.correct(
            row, "date", _("Su última fecha no se puede leer (%(date)s): queda sin fin.") % {"date": row["fecha_fin"]}
        )
        return None


def _weekdays(value: str | None) -> str:
    """Raises Unreadable."""
    plain = unicodedata.normalize("NFKD", values.text(value)).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.split(r"[^a-z]+", plain) if word]
    found = {_DAYS.get(word[:2]) for word in words}
    if not words or None in found:
        raise values.Unreadable(value or "dias_semana")
    return "".join(str(day) for day in sorted(day for day in found if day is not None))


def _write(schedules: Sequence[_Schedule], work: Work) -> dict[int, int]:
    campaigns = Campaign.objects.in_bulk([work.links["ll_campanias_whatsapp"][one.campaign] for one in schedules])
    made = {}
    for one in schedules:
        campaign = campaigns[work.links["ll_campanias_whatsapp"][one.campaign]]
        made[one.row.id] = adoption.adopt_schedule(campaign, one.past, by=work.author, now=work.now).pk
    return made
