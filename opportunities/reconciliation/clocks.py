"""Clocks that are not what the hours, the timers and the absences say."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Iterable, Iterator

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import OpeningWindow
from leadmaster.ops.reconciliation.check import Check, Finding
from opportunities.clocks import setting
from opportunities.clocks.changes import away, hours_of_teams
from opportunities.clocks.countdown import Countdown, deadline_for
from opportunities.clocks.terms import hours_of
from opportunities.enums import WORKING, AbsencePolicy, EventKind, OpportunityState
from opportunities.errors import Incomplete
from opportunities.models import Absence, Desk, Opportunity, OpportunityEvent, Retiming, RetimingLine
from opportunities.querysets import OpportunityQuerySet
from opportunities.reconciliation.check import OpportunityCheck, take
from opportunities.state import locking, machine
from opportunities.timers import absence_clocks, expiry

S = OpportunityState

# The cron comes every minute.
_LATE = dt.timedelta(minutes=15)
# Whoever enters a stage so is given the whole of its timer.
_ENTERS = (
    EventKind.ASSIGNED,
    EventKind.CAPTURED,
    EventKind.MOVED,
    EventKind.REASSIGNED,
    EventKind.RETURNED,
    EventKind.EXTENDED,
)
_SETS = (*_ENTERS, EventKind.RETIMED, EventKind.UNDONE, EventKind.RECONCILED)


class ClockCheck(OpportunityCheck):
    """Active, owned, and with a clock that has followed every change of hours: those on their way are left alone."""

    def rows(self) -> OpportunityQuerySet:
        behind = RetimingLine.objects.filter(opportunity=OuterRef("pk"), version=OuterRef("version"))
        worked = Opportunity.objects.active().filter(owner__isnull=False, stage__type__in=WORKING)
        return worked.filter(~Exists(behind))

    @abc.abstractmethod
    def right(self, row: Opportunity, *, now: dt.datetime) -> Countdown:
        """The clock that a held row should have."""

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        try:
            clock = self.right(row, now=now)
        except Incomplete as error:
            raise ValueError(str(error)) from error
        machine.retime({row: clock}, now=now, by=None, reason=finding.what)


class ClockMissing(ClockCheck):
    """In a stage with a timer, and it will never run out."""

    name = "opportunities.no_clock"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        none = rows.filter(deadline__isnull=True, paused_seconds__isnull=True)
        return none.filter(stage__timer_minutes__isnull=False).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Su etapa tiene plazo y a ella no le corre ninguno: no vence nunca."),
            repair=_("Recibe el plazo entero desde ahora."),
            stage=row.stage_id,
            owner=row.owner_id,
        )

    def right(self, row: Opportunity, *, now: dt.datetime) -> Countdown:
        return _entering(row, now=now)


class ClockNeedless(ClockCheck):
    """In a stage without a timer, and it runs out."""

    name = "opportunities.needless_clock"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        any_clock = Q(deadline__isnull=False) | Q(paused_seconds__isnull=False)
        return rows.filter(any_clock, stage__timer_minutes__isnull=True).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Su etapa no tiene plazo y a ella le corre uno."),
            repair=_("Se queda sin plazo."),
            stage=row.stage_id,
            deadline=row.deadline,
            paused_seconds=row.paused_seconds,
        )

    def right(self, row: Opportunity, *, now: dt.datetime) -> Countdown:
        return _entering(row, now=now)


class ClockStandsForNobody(ClockCheck):
    """Its clock stands still, and no absence of its owner holds it."""

    name = "opportunities.standing"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        standing = rows.filter(paused_seconds__isnull=False, stage__timer_minutes__isnull=False)
        return standing.exclude(owner__in=away()).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Su plazo está detenido y su promotor no está ausente."),
            repair=_("Sigue desde ahora con lo que le quedaba."),
            paused_seconds=row.paused_seconds,
            owner=row.owner_id,
        )

    def right(self, row: Opportunity, *, now: dt.datetime) -> Countdown:
        return setting.going_on([row], calendar=hours_of(row.team_id), since=now)[row]


class ClockRunsWhileAway(ClockCheck):
    """Its owner is away with clocks stopped, and this one runs."""

    name = "opportunities.running"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        running = rows.filter(deadline__gt=now, stage__timer_minutes__isnull=False)
        return running.filter(owner__in=_away_today(now)).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Su promotor está ausente y su plazo sigue corriendo."),
            repair=_("Se detiene con lo que le queda."),
            deadline=row.deadline,
            owner=row.owner_id,
        )

    def right(self, row: Opportunity, *, now: dt.datetime) -> Countdown:
        return setting.stopping([row], calendar=hours_of(row.team_id), since=now)[row]


class DeadlineOff(ClockCheck):
    """It ends at another moment than the timer of its stage gives from its entry on, counted again."""

    name = "opportunities.deadline"
    span = 2_000

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        return [row.pk for row, _right in _off(rows, now=now)]

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        right = next((right for _row, right in _off(self.rows().filter(pk=row.pk), now=now)), None)
        if right is None:
            return None
        return self.found(
            row.pk,
            _("Su plazo no es el que dan la etapa y el horario desde que entró."),
            # What would be overdue at once is not taken from somebody by a rule.
            repair=_("Vale el que se vuelve a contar.") if right > now else "",
            deadline=row.deadline,
            counted=right,
            since=row.clock_since,
            stage=row.stage_id,
        )

    def right(self, row: Opportunity, *, now: dt.datetime) -> Countdown:
        [(_row, right)] = _off(Opportunity.objects.filter(pk=row.pk), now=now)
        return setting.ending(row, right)


class Overdue(OpportunityCheck):
    """Its deadline is over, and nobody took it."""

    name = "opportunities.overdue"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        behind = RetimingLine.objects.filter(opportunity=OuterRef("pk"))
        return rows.overdue(now - _LATE).filter(~Exists(behind)).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Venció hace %(minutes)d minutos y sigue en manos de su promotor: ¿corre la tarea de los plazos?")
            % {"minutes": int((now - (row.deadline or now)).total_seconds() // 60)},
            repair=_("Vuelve al pool, como cuando vence."),
            deadline=row.deadline,
            owner=row.owner_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        expiry.expire_locked([take(finding.subject)], now=now)


class NoHours(OpportunityCheck):
    """It has a deadline, and its team has no hours by which to count it."""

    name = "opportunities.no_hours"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        open_some_day = OpeningWindow.objects.filter(calendar=OuterRef("calendar"))
        desks = Desk.objects.filter(Exists(open_some_day) | Q(calendar__holidays__windows__isnull=False))
        clock = Q(deadline__isnull=False) | Q(paused_seconds__isnull=False)
        return rows.filter(clock, state=S.ACTIVE).exclude(team__in=desks.values("team")).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Tiene un plazo y su equipo no tiene un horario que abra: ponle uno a la mesa."),
            team=row.team_id,
            deadline=row.deadline,
        )


class UnfollowedHours(Check[RetimingLine]):
    """A clock that a change of hours has left behind: the change is over, or has not moved for an hour."""

    area = "opportunities"
    name = "opportunities.unfollowed"
    own_transaction = True

    def rows(self) -> QuerySet[RetimingLine]:
        return RetimingLine.objects.all()

    def suspects(self, rows: QuerySet[RetimingLine], *, now: dt.datetime) -> Iterable[int]:
        over = Q(retiming__finished_at__isnull=False) | Q(retiming__alive_at__lt=now - dt.timedelta(hours=1))
        return list(rows.filter(over).values_list("pk", flat=True))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        line = RetimingLine.objects.filter(pk=pk).first()
        if line is None or not list(self.suspects(RetimingLine.objects.filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("El plazo de la oportunidad #%(id)d no siguió un cambio de horario.") % {"id": line.opportunity_id},
            repair=_("Lo sigue ahora."),
            opportunity=line.opportunity_id,
            change=line.retiming_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        locking.recalculate_now([finding.evidence["opportunity"]])


class AbsenceForgotten(Check[Absence]):
    """Its first day has come, or its last one is over, and nothing came of it."""

    area = "opportunities"
    name = "opportunities.absence"
    own_transaction = True

    def rows(self) -> QuerySet[Absence]:
        return Absence.objects.filter(ended_at__isnull=True)

    def suspects(self, rows: QuerySet[Absence], *, now: dt.datetime) -> Iterable[int]:
        return [absence.pk for absence in rows.select_related("promoter__desk__calendar") if _forgotten(absence, now)]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        absence = self.rows().select_for_update(skip_locked=True).filter(pk=pk).first()
        if absence is None or not _forgotten(absence, now):
            return None
        return self.found(
            pk,
            _("La ausencia de %(who)s del %(first)s al %(last)s no empezó o no terminó a su hora.")
            % {"who": absence.promoter, "first": absence.starts_on, "last": absence.ends_on},
            repair=_("Empieza o termina ahora, contando desde su día."),
            promoter=absence.promoter_id,
            begun_at=absence.begun_at,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        absence_clocks.begin_and_end(now)


def _entering(row: Opportunity, *, now: dt.datetime) -> Countdown:
    if row.owner is None:
        raise ValueError("an active opportunity has an owner")
    return setting.entering(row.stage_id, row.owner, now=now).clock


def _forgotten(absence: Absence, now: dt.datetime) -> bool:
    """By what its days say an hour ago: the cron had the time."""
    day = absence.promoter.desk.date_at(now - dt.timedelta(hours=1))
    if absence.ends_on < day:
        return True
    known = absence.created_at < now - dt.timedelta(hours=1)
    return absence.begun_at is None and absence.starts_on <= day and known


def _away_today(now: dt.datetime) -> list[int]:
    """The promoters whose clocks stand by an absence of these very days, an hour after it began."""
    held = Absence.objects.filter(policy=AbsencePolicy.PAUSE, begun_at__isnull=False, ended_at__isnull=True)
    return [
        absence.promoter_id
        for absence in held.select_related("promoter__desk__calendar")
        if absence.ends_on >= absence.promoter.desk.date_at(now)
    ]


def _off(rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterator[tuple[Opportunity, dt.datetime]]:
    """Of these rows those whose running clock was set by entering a stage, by the hours of now, and ends otherwise."""
    last = OpportunityEvent.objects.filter(opportunity=OuterRef("pk"), kind__in=_SETS).order_by("-id")
    entered = rows.annotate(last_kind=Subquery(last.values("kind")[:1])).filter(last_kind__in=_ENTERS)
    running = entered.filter(deadline__gt=now, clock_since__isnull=False, clock_since__lte=F("deadline"))
    hours: dict[int, Calendar] | None = None
    changes = list(Retiming.objects.values_list("at", "teams"))
    for row in running.select_related("stage", "owner__desk"):
        hours = hours_of_teams() if hours is None else hours
        if any(at >= row.clock_since and row.team_id in teams for at, teams in changes if row.clock_since):
            continue
        right = _counted_again(row, hours)
        if right and row.deadline not in right:
            yield row, right[0]


def _counted_again(row: Opportunity, hours: dict[int, Calendar]) -> list[dt.datetime]:
    """By the hours of its team and, where its owner has changed desks since, by theirs."""
    if row.stage is None or row.owner is None or row.clock_since is None:
        return []
    teams = dict.fromkeys((row.team_id, row.owner.desk.team_id))
    try:
        ends = [deadline_for(row.stage, calendar=hours[team], now=row.clock_since) for team in teams if team in hours]
    except Incomplete:
        return []
    return [end for end in ends if end is not None]
