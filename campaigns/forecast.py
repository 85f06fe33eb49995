"""When a campaign's messages will go out: "10 hoy, 180 mañana, termina el jueves".

`forecast` reads the rows and hands plain values to `project`, which does the arithmetic and knows no table. It is a
promise made to a person, so it errs on the late side: what goes out before this campaign is taken off first, and the
gateway's own time per message counts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import limits, switch
from campaigns.brakes import canary, sellers
from campaigns.enums import (
    CAMPAIGN_ENDED,
    CAMPAIGN_UNAPPROVED,
    AttemptOutcome,
    CampaignState,
    EnvioState,
    ScheduleState,
)
from campaigns.holidays import NONE, Holidays, kept_by
from campaigns.models import Attempt, Campaign, Schedule, ScheduleDay, SessionDay
from campaigns.overlap import rests_end
from campaigns.progress import Progress, progress_of
from campaigns.projection import Job, Line, Slot, project
from leadmaster.lib.clock import business_day
from leadmaster.lib.screens import spoken
from whatsapp.models import WhatsAppSession

HORIZON = 366
# Without a history to measure: the session manager takes 20–40 s a message.
_SEND_SECONDS = 30.0
_MEASURED = 20
# So many holidays are told by name, and of a campaign that sends nothing those of so many days.
_TOLD = 3
_LOOKED_AHEAD = 14
_STEPS_TOLD = 4


class DayForecast(NamedTuple):
    day: dt.date
    count: int  # type: ignore[assignment]  # a day's number hides tuple.count, which nobody misses here


@dataclasses.dataclass(frozen=True, kw_only=True)
class Forecast:
    """Business days of the session's time zone on which something goes out, in order.

    `finishes_on` is None when the schedules end first or the horizon of a year does. `sentence` tells it in a line,
    `limits` what it was calculated with. `held` says what has to end first: until then nothing of it happens.
    """

    days: tuple[DayForecast, ...]
    finishes_on: dt.date | None
    remaining: int
    sentence: str
    limits: str
    held: str = ""


def forecast(campaign: Campaign, now: dt.datetime, *, done: Progress | None = None) -> Forecast:
    """What is still pending, spread over the days to come. `done` spares counting what the caller just counted.

    Ten queries and the session, whatever the size; one more where totals are written down, and two for the holidays of
    those that keep them.
    """
    session = campaign.session
    queue = [] if campaign.state in CAMPAIGN_ENDED else [*_before(campaign), campaign]
    known = {} if done is None else {campaign.pk: done}
    kept = kept_by(queue, now)
    jobs = _jobs(queue, known=known, kept=kept, now=now, send_seconds=_send_seconds(campaign))
    if jobs and jobs[-1].remaining:
        # Of those that go first nobody is asked who rests: they are counted as due, which makes this one later.
        jobs[-1] = dataclasses.replace(jobs[-1], waiting=tuple(rests_end(campaign, now)))
    today = business_day(now, session.tz)
    used = SessionDay.objects.filter(session=session, day=session.day_at(now)).values_list("used", flat=True).first()
    turn = switch.last_turn()
    trial = limits.trial_of(turn)
    ahead = limits.limits_ahead(session, now, trial)
    line = Line(
        limit=ahead[-1],
        first_limits=ahead,
        used_today=used or 0,
        lanes=session.lane_count,
        tz=session.tz,
        day=session.day_at(now),
    )
    days = tuple(DayForecast(*pair) for pair in project(jobs, line=line, now=now, horizon=HORIZON))
    remaining = jobs[-1].remaining if jobs else 0
    first_ones = canary.censuses([campaign]).get(campaign.pk)
    is_on = settings.AUTO_CAMPAIGNS_ENABLED and (turn is None or turn.on)
    held = _held(campaign, first_ones, now, is_on=is_on) if remaining else ""
    finishes_on = days[-1].day if days and sum(count for _day, count in days) == remaining else None
    return Forecast(
        days=days,
        finishes_on=finishes_on,
        remaining=remaining,
        sentence=" ".join(
            part for part in (held, _sentence(campaign, days, remaining, finishes_on=finishes_on, today=today)) if part
        ),
        held=held,
        limits=" ".join(
            part
            for part in (
                _limits(campaign, ahead=sum(1 for job in jobs[:-1] if job.remaining)),
                _rising(session, ahead, trial),
                _first_ones(first_ones),
                _resting(jobs[-1].waiting if jobs else (), now),
                _holidays(kept.get(campaign.pk, NONE), jobs[-1].slots if jobs else (), days, today=today),
            )
            if part
        ),
    )


def _before(campaign: Campaign) -> list[Campaign]:
    """The campaigns of the same session that go first: what is running or approved and older than this one."""
    others = Campaign.objects.filter(session_id=campaign.session_id).exclude(pk=campaign.pk)
    states = [CampaignState.RUNNING]
    if campaign.state != CampaignState.RUNNING:
        states.append(CampaignState.APPROVED)
    ahead = others.filter(state__in=states)
    if campaign.state == CampaignState.RUNNING:
        ahead = ahead.filter(pk__lt=campaign.pk)
    return sorted(ahead, key=lambda other: (other.state != CampaignState.RUNNING, other.pk))


def _jobs(
    queue: list[Campaign],
    *,
    known: Mapping[int, Progress],
    kept: Mapping[int, Holidays],
    now: dt.datetime,
    send_seconds: float,
) -> list[Job]:
    done = {**known, **progress_of([campaign.pk for campaign in queue if campaign.pk not in known])}
    slots = _slots(queue, kept=kept, now=now)
    return [
        Job(
            remaining=done[campaign.pk].counts[EnvioState.PENDING],
            seconds=_pause(campaign) + send_seconds,
            slots=tuple(slots[campaign.pk]),
        )
        for campaign in queue
    ]


def _slots(queue: list[Campaign], *, kept: Mapping[int, Holidays], now: dt.datetime) -> dict[int, list[Slot]]:
    """What each campaign's schedules allow. Those of a draft wait with it and are approved with it."""
    drafts = [campaign.pk for campaign in queue if campaign.state in CAMPAIGN_UNAPPROVED]
    schedules = Schedule.objects.filter(campaign__in=queue).exclude(state=ScheduleState.REJECTED)
    used: dict[int, int] = {}
    if queue:
        today = queue[-1].session.day_at(now)
        used = dict(ScheduleDay.objects.filter(schedule__in=schedules, day=today).values_list("schedule_id", "used"))
    slots: dict[int, list[Slot]] = defaultdict(list)
    # One line carries them all.
    zone = queue[-1].session.time_zone if queue else ""
    for schedule in schedules.prefetch_related("windows"):
        if schedule.campaign_id not in drafts and not schedule.is_in_force(zone):
            continue
        slots[schedule.campaign_id].append(
            Slot(
                rule=schedule.rule(kept.get(schedule.campaign_id)),
                cap=schedule.daily_cap,
                used_today=used.get(schedule.pk, 0),
            )
        )
    return slots


def _pause(campaign: Campaign) -> float:
    """Mean seconds between two messages of one lane, with its share of the pauses between bursts."""
    mean = (campaign.delay_min + campaign.delay_max) / 2
    return mean + (campaign.burst_pause / campaign.burst_size if campaign.burst_size else 0.0)


def _send_seconds(campaign: Campaign) -> float:
    """How long the gateway took for this session's last messages. One lane is asked: its index gives the newest."""
    lane = campaign.session.lanes.order_by("slot").first()
    recent = (
        Attempt.objects.filter(lane=lane, outcome=AttemptOutcome.SENT, duration_ms__isnull=False)
        .order_by("-id")
        .values_list("duration_ms", flat=True)[:_MEASURED]
        if lane is not None
        else []
    )
    measured = [ms / 1000 for ms in recent if ms is not None]
    return sum(measured) / len(measured) if measured else _SEND_SECONDS


def _held(campaign: Campaign, first_ones: canary.Census | None, now: dt.datetime, *, is_on: bool) -> str:
    """Why none of it goes out for now, whatever the schedules say; empty when the line sends."""
    if not is_on:
        return _("El envío está apagado: no sale nada hasta que se encienda. Si se enciende ahora:")
    if not campaign.session.is_ready(now):
        return _("La línea “%(line)s” no envía ahora: no sale nada hasta que vuelva. Si vuelve ahora:") % {
            "line": campaign.session.name
        }
    if first_ones is not None and first_ones.needs_person(now):
        return _(
            "Sus primeros mensajes no llegan (%(figures)s): el resto espera a que un supervisor suelte el freno. Si lo "
            "suelta ahora:"
        ) % {"figures": first_ones.sentence}
    crowded = sellers.holding(campaign) if campaign.state == CampaignState.RUNNING else None
    if crowded is not None:
        return _("Espera a que contesten a quienes ya respondieron: %(figures)s. Si contestan ahora:") % {
            "figures": sellers.sentence(crowded)
        }
    return ""


def _sentence(
    campaign: Campaign,
    days: tuple[DayForecast, ...],
    remaining: int,
    *,
    finishes_on: dt.date | None,
    today: dt.date,
) -> str:
    if remaining == 0:
        return _("No queda ningún mensaje por enviar.")
    if not days and _waits_for_approval(campaign):
        return _("Su programación espera la aprobación de un supervisor: hasta entonces no sale ningún mensaje.")
    if not days:
        return _("Con las programaciones que tiene no sale ningún mensaje: revisa sus días, ventanas y fechas.")
    parts = [f"{count} {_day_name(day, today=today)}" for day, count in days[:2]]
    if finishes_on is not None:
        parts.append(_("termina %(day)s") % {"day": _day_name(finishes_on, today=today)})
    else:
        left = remaining - sum(count for _day, count in days)
        parts.append(
            ngettext(
                "y %(left)d no alcanza a salir: amplía las programaciones",
                "y %(left)d no alcanzan a salir: amplía las programaciones",
                left,
            )
            % {"left": left}
        )
    return ", ".join(parts)


def _waits_for_approval(campaign: Campaign) -> bool:
    """Whether it has nothing to send by but what nobody has approved since it, or the zone of its line, was changed."""
    if campaign.state in CAMPAIGN_UNAPPROVED:
        return False
    schedules = campaign.schedules.exclude(state=ScheduleState.REJECTED)
    return bool(schedules) and not any(one.is_in_force(campaign.session.time_zone) for one in schedules)


def _limits(campaign: Campaign, *, ahead: int) -> str:
    """What the numbers rest on, for the person who wonders why so few."""
    session = campaign.session
    parts = [
        _("La sesión “%(name)s” envía hasta %(limit)d por día entre todas sus campañas.")
        % {"name": session.name, "limit": session.daily_limit}
    ]
    if ahead:
        parts.append(
            ngettext("%(count)d campaña sale antes que esta.", "%(count)d campañas salen antes que esta.", ahead)
            % {"count": ahead}
        )
    if campaign.state not in (CampaignState.RUNNING, *CAMPAIGN_ENDED):
        parts.append(_("Cuenta como si la campaña se pusiera en marcha ahora."))
    return " ".join(parts)


def _rising(session: WhatsAppSession, ahead: Sequence[int], trial: limits.Trial | None) -> str:
    """That the line sends less than its limit for a while, and how it gets there."""
    if ahead[0] >= session.daily_limit:
        return ""
    told = ", ".join(str(number) for number in ahead[:_STEPS_TOLD]) + ("…" if len(ahead) > _STEPS_TOLD else "")
    if trial is not None:
        return _("Vuelve de un paro con pocos mensajes por día; si todo sale bien: %(steps)s.") % {"steps": told}
    return _("La línea está tomando ritmo; si cada día sale bien: %(steps)s por día.") % {"steps": told}


def _first_ones(census: canary.Census | None) -> str:
    if census is None or census.passed:
        return ""
    return _("Primero van %(size)d mensajes; el resto sale cuando llegan al servidor (%(figures)s).") % {
        "size": census.size,
        "figures": census.sentence,
    }


def _resting(waiting: Sequence[tuple[dt.datetime, int]], now: dt.datetime) -> str:
    """Who is not due yet, because another campaign wrote to them."""
    count = sum(number for _since, number in waiting)
    if not count:
        return ""
    return ngettext(
        "%(count)d persona recibió otra campaña hace poco: espera hasta %(until)s.",
        "%(count)d personas recibieron otra campaña hace poco: esperan, la última hasta %(until)s.",
        count,
    ) % {"count": count, "until": spoken(max(since for since, _number in waiting), now)}


def _holidays(kept: Holidays, slots: Sequence[Slot], days: tuple[DayForecast, ...], *, today: dt.date) -> str:
    """The holidays that cost it something until it ends: those on which it would have sent."""
    last = days[-1].day if days else today + dt.timedelta(days=_LOOKED_AHEAD)
    missed = [day for day in sorted(kept) if today <= day <= last and any(slot.rule.runs_on(day) for slot in slots)]
    if not missed:
        return ""
    told = ", ".join(f"{_day_name(day, today=today)} ({kept[day].name})" for day in missed[:_TOLD])
    return _("Por feriado no envía, o solo en su horario especial: %(days)s.") % {
        "days": told + ("…" if len(missed) > _TOLD else "")
    }


def _day_name(day: dt.date, *, today: dt.date) -> str:
    """Today and tomorrow by their word, the next days by their weekday, the date from a week on."""
    ahead = (day - today).days
    if ahead == 0:
        return _("hoy")
    if ahead == 1:
        return _("mañana")
    if ahead < 7:
        return _("el %(weekday)s") % {"weekday": date_format(day, "l")}
    return _("el %(date)s") % {"date": date_format(day, "DATE_FORMAT")}
