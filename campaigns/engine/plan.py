"""What may go out now, and of every running campaign that may not, the one reason that binds.

The plan is advice: it spares work and explains. Nothing rests on it being fresh: limits are charged under locks by
`claim`, and `send` looks again before every message.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Collection, Iterable
from typing import Any, cast

from django.conf import settings
from django.db.models import Count, JSONField, Manager, Prefetch, QuerySet, Subquery
from django.utils.translation import gettext as _

from campaigns import holidays, limits, windows
from campaigns.brakes import canary, sellers
from campaigns.enums import EnvioState, ScheduleState, WhyNot
from campaigns.holidays import Holidays
from campaigns.models import Attempt, Campaign, Envio, Schedule, ScheduleDay, SenderSwitch, SessionDay
from leadmaster.lib.clock import business_day
from whatsapp import standing as lines
from whatsapp.models import WhatsAppSession


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """Why a campaign sends nothing now; `reason` None means that it may. `until` is when that ends, if known."""

    reason: WhyNot | None
    until: dt.datetime | None = None
    detail: str = ""

    @property
    def label(self) -> str:
        return str(self.reason.label) if self.reason else str(_("Enviando"))


GO = Standing(reason=None)
# WhatsApp counts 24 hours by its own clock, from the arrival, which comes after the claim.
_PEOPLE_COUNT = dt.timedelta(hours=24, minutes=5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slot:
    """One campaign that may send now, through which schedule and under which limits of which day.

    `closes` is when the window ends; it lies in `day`, so whatever leaves before it is charged to the right one.
    """

    campaign: Campaign
    schedule_id: int
    day: dt.date
    closes: dt.datetime
    session_limit: int
    schedule_cap: int
    warm_only: bool
    # While its first messages go ahead alone: how many of them may be claimed.
    canary: canary.Ticket | None = None
    # The rows that a claim charges. 0 until `ensure_days` has found them: charging that matches none, so nothing goes.
    session_day_id: int = 0
    schedule_day_id: int = 0

    @property
    def session(self) -> WhatsAppSession:
        return self.campaign.session


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    slots: dict[int, list[Slot]]  # by session
    standings: dict[int, Standing]  # by campaign


def make_plan(now: dt.datetime) -> Plan:
    """The plan at `now`. One query when no campaign runs, three while no window is open, five otherwise; and two for the
    holidays, if any campaign keeps them; one for the first messages that go ahead, if any campaign has some; four for each
    campaign that waits for its sellers, or might.
    """
    campaigns = list(_with_times(Campaign.objects.running().order_by("id")))
    sellers.review(campaigns, now)
    return _plan(campaigns, now)


def standing_of(campaign: Campaign, now: dt.datetime) -> Standing:
    """What the plan says of this running campaign alone."""
    loaded = _with_times(Campaign.objects.filter(pk=campaign.pk)).get()
    return _plan([loaded], now).standings[campaign.pk]


def ensure_days(plan: Plan) -> None:
    """Make the day rows that claims will charge, and note their ids in the plan's slots.

    Committed at once and never inside the claim: an insert there would hold its lock, and a duplicate its gap, until
    the claim commits.
    """
    wanted = [slot for slots in plan.slots.values() for slot in slots]
    session_days = _day_ids(SessionDay, "session_id", {(slot.session.pk, slot.day) for slot in wanted})
    schedule_days = _day_ids(ScheduleDay, "schedule_id", {(slot.schedule_id, slot.day) for slot in wanted})
    for slots in plan.slots.values():
        slots[:] = [
            dataclasses.replace(
                slot,
                session_day_id=session_days[slot.session.pk, slot.day],
                schedule_day_id=schedule_days[slot.schedule_id, slot.day],
            )
            for slot in slots
        ]


# --- Private ---------------------------------------------------------------------------------------------------------


def _day_ids(
    model: type[SessionDay | ScheduleDay], owner: str, wanted: set[tuple[int, dt.date]]
) -> dict[tuple[int, dt.date], int]:
    """The ids of these rows by (owner, day), made where they were missing."""
    days: Manager[Any] = model._default_manager
    rows = days.filter(
        **{f"{owner}__in": {key for key, _day in wanted}, "day__in": {day for _key, day in wanted}}
    ).values_list(owner, "day", "id")
    have = {(key, day): pk for key, day, pk in rows}
    # In the order of the key: two ticks that make the same rows at midnight wait for each other and don't deadlock.
    missing = sorted(wanted - have.keys())
    days.bulk_create([model(**{owner: key, "day": day}) for key, day in missing], ignore_conflicts=True, batch_size=500)
    return {(key, day): pk for key, day, pk in rows.all()} if missing else have


def _with_times(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    last_turn = SenderSwitch.objects.order_by("-id")
    approved = Schedule.objects.filter(state=ScheduleState.APPROVED).prefetch_related("windows")
    return (
        campaigns.select_related("session", "canary", "sellers_hold", "owner", "team")
        .annotate(
            switch=Subquery(last_turn.values("on")[:1]),
            trial_at=Subquery(last_turn.values("at")[:1]),
            trial_cap=Subquery(last_turn.values("cap")[:1]),
            trial_base=Subquery(last_turn.values("used_before")[:1], output_field=JSONField()),
        )
        .prefetch_related(Prefetch("schedules", queryset=approved, to_attr="approved_schedules"))
    )


def _plan(campaigns: Collection[Campaign], now: dt.datetime) -> Plan:
    used, kept = _Used(campaigns, now), holidays.kept_by(campaigns, now)
    plan = Plan(slots={}, standings={})
    for campaign in campaigns:
        outcome = _standing_or_slots(campaign, now, used, kept.get(campaign.pk, holidays.NONE))
        if isinstance(outcome, Standing):
            plan.standings[campaign.pk] = outcome
        else:
            plan.standings[campaign.pk] = GO
            plan.slots.setdefault(campaign.session_id, []).extend(outcome)
    return plan


def _standing_or_slots(campaign: Campaign, now: dt.datetime, used: _Used, kept: Holidays) -> Standing | list[Slot]:
    """The slots of this campaign, or the first reason against it: switch, times, session, limits."""
    if not settings.AUTO_CAMPAIGNS_ENABLED or getattr(campaign, "switch", None) is False:
        return Standing(reason=WhyNot.SWITCHED_OFF)
    session, schedules = campaign.session, _approved(campaign)
    if not schedules:
        return Standing(reason=WhyNot.NO_SCHEDULE, detail=_moved(campaign))
    rules = [schedule.rule(kept) for schedule in schedules]
    found = zip(schedules, (windows.open_now(rule, now, session.tz) for rule in rules), strict=True)
    open_ones = [(schedule, opening) for schedule, opening in found if opening]
    if not open_ones:
        return _closed(schedules, rules, session, now, kept)
    against = against_session(session, now)
    if against is not None:
        return against
    day = session.day_at(now)
    limit = limits.limit_of(session, day, _trial(campaign))
    if (people := used.people_limit(session, day)) < limit.messages:
        limit = limits.of_people(session, people)
    if used.session(session.pk, day) >= limit.messages:
        return Standing(reason=limit.reason, until=_tomorrow(rules, session, now), detail=limit.detail)
    with_cap = [(s, opening) for s, opening in open_ones if used.schedule(s.pk, day) < s.daily_cap]
    if not with_cap:
        return Standing(reason=WhyNot.DAILY_CAP, until=_tomorrow(rules, session, now))
    ticket = used.ticket(campaign)
    return (
        _held(campaign, ticket, used)
        or _only_cold(campaign, now)
        or [
            Slot(
                campaign=campaign,
                schedule_id=schedule.pk,
                day=day,
                closes=opening.closes,
                session_limit=limit.messages,
                schedule_cap=schedule.daily_cap,
                warm_only=_is_cold(session, now),
                canary=ticket,
            )
            for schedule, opening in with_cap
        ]
    )


def _held(campaign: Campaign, ticket: canary.Ticket | None, used: _Used) -> Standing | None:
    """What holds it back while it runs."""
    crowded = sellers.holding(campaign)
    if crowded is not None:
        return Standing(reason=WhyNot.SELLERS, detail=sellers.sentence(crowded))
    if ticket is not None and not ticket.room:
        return Standing(reason=WhyNot.CANARY, detail=used.censuses[campaign.pk].sentence)
    return None


def _trial(campaign: Campaign) -> limits.Trial | None:
    """The cap of the way back, read along with the campaign."""
    cap: int | None = getattr(campaign, "trial_cap", None)
    if cap is None:
        return None
    at, base = cast(
        "tuple[dt.datetime, dict[str, int] | None]", (_of(campaign, "trial_at"), _of(campaign, "trial_base"))
    )
    return limits.Trial(at=at, cap=cap, base=base or {})


def _of(campaign: Campaign, annotation: str) -> object:
    return getattr(campaign, annotation, None)


def _is_cold(session: WhatsAppSession, now: dt.datetime) -> bool:
    """Whether the line takes only people who know it, after WhatsApp refused first contacts."""
    return session.cold_until is not None and session.cold_until > now


def _only_cold(campaign: Campaign, now: dt.datetime) -> Standing | None:
    """That nobody of it is due whom a cold line takes. No query while its line takes everybody, two at the most."""
    session = campaign.session
    if session.cold_until is None or not _is_cold(session, now):
        return None
    pending = Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING)
    warm = pending.filter(warm=True).order_by("next_due", "id").values_list("next_due", flat=True).first()
    if (warm is not None and warm <= now) or not pending.filter(warm=False).exists():
        return None
    return cold_standing(session, until=session.cold_until if warm is None else min(warm, session.cold_until))


def cold_standing(session: WhatsAppSession, *, until: dt.datetime | None = None) -> Standing:
    """Until when first contacts wait, and who may end it before."""
    return Standing(
        reason=WhyNot.COLD,
        until=until or session.cold_until,
        detail=_("un supervisor puede permitirlos antes, en la página de la línea"),
    )


def against_session(session: WhatsAppSession, now: dt.datetime) -> Standing | None:
    """What keeps this line from sending anything now."""
    where = lines.standing(session, now)
    if where is lines.Standing.READY:
        return None
    if where is lines.Standing.BLOCKED:
        return Standing(reason=WhyNot.SESSION_BLOCKED, until=session.blocked_until)
    if where is lines.Standing.DEAF:
        return Standing(reason=WhyNot.HALF_DEAF)
    if where is lines.Standing.MUTE and session.can_send and session.is_ready(now):
        return None  # its time to be tried again: only a message that goes out proves the cure
    reason = WhyNot.SESSION_PAUSED if where is lines.Standing.PAUSED else WhyNot.SESSION
    told = session.trouble if where in _TOLD_BY_TROUBLE else ""
    return Standing(reason=reason, detail=told or lines.word(session, now).lower(), until=session.blocked_until)


_TOLD_BY_TROUBLE = {lines.Standing.PAUSED, lines.Standing.LOGGED_OUT, lines.Standing.UNREACHABLE}


@dataclasses.dataclass(frozen=True)
class _Used:
    """What the counters of these campaigns' days say, by (id, day). Asked for when the first of them is wanted."""

    campaigns: Collection[Campaign]
    now: dt.datetime

    @functools.cached_property
    def _days(self) -> set[dt.date]:
        return {campaign.session.day_at(self.now) for campaign in self.campaigns}

    @functools.cached_property
    def _sessions(self) -> dict[tuple[int, dt.date], int]:
        ids = {campaign.session_id for campaign in self.campaigns}
        days = self._days | {day - dt.timedelta(days=1) for day in self._days}
        rows = SessionDay.objects.filter(session_id__in=ids, day__in=days)
        return {(row.session_id, row.day): row.used for row in rows}

    @functools.cached_property
    def _schedules(self) -> dict[tuple[int, dt.date], int]:
        ids = {schedule.pk for campaign in self.campaigns for schedule in _approved(campaign)}
        rows = ScheduleDay.objects.filter(schedule_id__in=ids, day__in=self._days)
        return {(row.schedule_id, row.day): row.used for row in rows}

    @functools.cached_property
    def censuses(self) -> dict[int, canary.Census]:
        return canary.censuses(self.campaigns)

    def ticket(self, campaign: Campaign) -> canary.Ticket | None:
        """What may be claimed of it while its first messages go ahead; None when all of it may."""
        row = canary.waiting(campaign)
        if row is None or self.censuses[campaign.pk].passed:
            return None
        return canary.Ticket(campaign_id=campaign.pk, claims=row.claims, room=self.censuses[campaign.pk].room)

    def session(self, session_id: int, day: dt.date) -> int:
        return self._sessions.get((session_id, day), 0)

    def people_limit(self, session: WhatsAppSession, day: dt.date) -> int:
        """How far the day's counter may go, so that no more people are written to in 24 hours than WhatsApp allows.

        A claim counts one on, and reaches one person at the most. First by what today and yesterday charged, which no
        24 hours exceed; only where that leaves no room the people are counted.
        """
        if session.people_a_day is None:
            return session.daily_limit
        today = self.session(session.pk, day)
        room = session.people_a_day - today - self.session(session.pk, day - dt.timedelta(days=1))
        if room <= 0:
            room = session.people_a_day - self._people(session.pk)
        return today + max(0, room)

    def _people(self, session_id: int) -> int:
        """Whom this line wrote to, or may have, in the last 24 hours."""
        since = self.now - _PEOPLE_COUNT
        tries = Attempt.objects.filter(session_day__session=session_id, refunded=False, claimed_at__gt=since)
        recent = tries.filter(session_day__day__gte=since.date() - dt.timedelta(days=1))
        return recent.aggregate(people=Count("envio__phone", distinct=True))["people"] or 0

    def schedule(self, schedule_id: int, day: dt.date) -> int:
        return self._schedules.get((schedule_id, day), 0)


def _approved(campaign: Campaign) -> list[Schedule]:
    """Those whose hours were approved as the line keeps them."""
    zone = campaign.session.time_zone
    return [schedule for schedule in _once_approved(campaign) if schedule.is_in_force(zone)]


def _once_approved(campaign: Campaign) -> list[Schedule]:
    return cast("list[Schedule]", getattr(campaign, "approved_schedules"))  # noqa: B009 - set by the Prefetch


def _moved(campaign: Campaign) -> str:
    """That its hours were approved for another zone, if that is why it has none."""
    if not _once_approved(campaign):
        return ""
    return _("la línea cambió de zona horaria y sus horas esperan una aprobación nueva")


def _closed(
    schedules: Iterable[Schedule],
    rules: Iterable[windows.Rule],
    session: WhatsAppSession,
    now: dt.datetime,
    kept: Holidays,
) -> Standing:
    """Out of every window; or within one, if it were not for the holiday."""
    until = _next_opening(rules, session, now)
    today = business_day(now, session.tz)
    if today in kept:
        otherwise = _next_opening((schedule.rule() for schedule in schedules), session, now)
        if otherwise != until and otherwise is not None and business_day(otherwise, session.tz) == today:
            return Standing(reason=WhyNot.HOLIDAY, until=until, detail=kept[today].name)
    return Standing(reason=WhyNot.WINDOW, until=until)


def _next_opening(rules: Iterable[windows.Rule], session: WhatsAppSession, now: dt.datetime) -> dt.datetime | None:
    firsts = (next(windows.upcoming(rule, now, session.tz), None) for rule in rules)
    return min((max(opening.opens, now) for opening in firsts if opening), default=None)


def _tomorrow(rules: Iterable[windows.Rule], session: WhatsAppSession, now: dt.datetime) -> dt.datetime | None:
    """The first opening after the day whose limits are used up."""
    begins = session.next_day_at(now)
    later = (next((o for o in windows.upcoming(rule, begins, session.tz)), None) for rule in rules)
    return min((max(opening.opens, begins) for opening in later if opening), default=None)
