"""Somebody stops coming in, or stops being a promoter: what they have in hand, and how it stays in sight.

Their open opportunities go to the inbox, where a supervisor reassigns them; campaigns that run belong to their team and
go on unless somebody pauses them. Whoever decides it has read what there is: `Holdings.seal` names exactly that.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import lifecycle
from campaigns.enums import CAMPAIGN_ENDED, CampaignState
from campaigns.errors import Refused as CampaignRefused
from campaigns.models import Campaign
from leadmaster.accounts.administrators import shut_out
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import NotAllowed, Stale
from opportunities.models import Opportunity, Promoter, Reminder
from opportunities.state import locking, machine, withdrawal
from opportunities.timers import reminders
from whatsapp.models import WhatsAppSession

_BATCH = 200
_GONE = gettext_lazy("Su promotor ya no entra al sistema.")
_NO_PROMOTER = gettext_lazy("Su promotor dejó de serlo.")
_SCHEDULED = (CampaignState.AWAITING_APPROVAL, CampaignState.APPROVED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Holdings:
    """What is somebody's: counts, and what they stand for in `seal`.

    `active`, `waiting`: their opportunities in the funnel and in the inbox. `decisions`: exits and campaigns that wait in
    teams which nobody else supervises. `messages`: pending ones to their active clients. `scheduled` campaigns wait for
    approval or for their launch. `reminders`: pending ones, which go on with their opportunity or conversation.
    """

    active: int = 0
    waiting: int = 0
    decisions: int = 0
    messages: int = 0
    running: int = 0
    scheduled: int = 0
    other_campaigns: int = 0
    lines: int = 0
    reminders: int = 0
    teams_alone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to read. A team that nobody else supervises counts by what waits in it."""
        return any(dataclasses.astuple(self)[:-1])

    @property
    def seal(self) -> str:
        return hashlib.sha256(repr(dataclasses.astuple(self)).encode()).hexdigest()[:32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of it."""

    to_inbox: int = 0
    paused: int = 0


def holdings(user: User, *, team: Team | None = None) -> Holdings:
    """What this person has in hand, in all teams or in this one. Some ten queries, whatever there is."""
    in_team = Q() if team is None else Q(team=team)
    mine = Opportunity.objects.filter(in_team, owner__user=user)
    active = list(mine.active())
    campaigns = dict(
        Campaign.objects.filter(in_team, owner=user)
        .exclude(state__in=CAMPAIGN_ENDED)
        .values_list("state")
        .annotate(Count("id"))
        .order_by("state")
    )
    running = campaigns.pop(CampaignState.RUNNING, 0)
    scheduled = sum(campaigns.pop(state, 0) for state in _SCHEDULED)
    alone = _supervised_alone(user, team)
    return Holdings(
        active=len(active),
        waiting=mine.inbox().count(),
        decisions=Opportunity.objects.filter(team__in=alone).inbox().count()
        + Campaign.objects.filter(team__in=alone).awaiting_approval().count(),
        messages=withdrawal.pending_of(active),
        running=running,
        scheduled=scheduled,
        other_campaigns=sum(campaigns.values()),
        lines=WhatsAppSession.objects.filter(in_team, owner=user).count(),
        reminders=Reminder.objects.pending().filter(in_team, whom=user).order_by().count(),
        teams_alone=tuple(one.name for one in alone),
    )


def switch_off(user: User, *, by: User, now: dt.datetime, agreed: str = "", pause_campaigns: bool = False) -> Settled:
    """They come in no more; see `settle`. Raises NotAllowed, Stale unless `agreed` is the seal of what they have in hand
    or they have nothing, or ValidationError for the last one who administers."""
    require_administrator(by)
    require_agreed(user, agreed)

    def once() -> None:
        with transaction.atomic(durable=True):
            shut_out(User.objects.select_for_update().get(pk=user.pk))
            _log(user, by=by, what=_("Ya no entra."))

    retrying(once)
    return settle(user, by=by, now=now, pause_campaigns=pause_campaigns)


def switch_on(user: User, *, by: User) -> None:
    """They may come in again. What went to the inbox stays there."""
    require_administrator(by)

    def once() -> None:
        with transaction.atomic(durable=True):
            if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
                _log(user, by=by, what=_("Vuelve a entrar."))

    retrying(once)


def require_administrator(by: User) -> None:
    if not (by.is_active and by.is_administrator):
        raise NotAllowed(_("Solo quien administra decide quién entra."))


def require_agreed(user: User, agreed: str) -> None:
    """Raise Stale unless `agreed` names what this person has in hand now, or there is nothing."""
    held = holdings(user)
    if held and agreed != held.seal:
        raise Stale(
            _(
                "%(who)s tiene %(open)d oportunidades abiertas, %(running)d campañas en marcha y %(lines)d líneas: mira "
                "qué pasa con cada una y confirma con lo que viste."
            )
            % {"who": user, "open": held.active + held.waiting, "running": held.running, "lines": held.lines}
        )


def settle(user: User, *, by: User | None, now: dt.datetime, pause_campaigns: bool = False) -> Settled:
    """What they have in the funnel goes to the inbox, and where asked for their running campaigns pause.

    In transactions of its own, some rows at a time. Whoever dies on the way is followed by the timer cron.
    """
    paused = pause_campaigns_of(user, by=by, now=now) if pause_campaigns else 0
    return Settled(to_inbox=hand_over(user, by=by, now=now), paused=paused)


def no_longer_promoter(user: User, *, by: User, now: dt.datetime) -> int:
    """They receive nothing more, and what they work goes to the inbox. Returns how many."""
    Promoter.objects.filter(user=user).update(available=False)
    return hand_over(user, by=by, now=now)


def hand_over(user: User, *, by: User | None, now: dt.datetime) -> int:
    """This person's active opportunities into the inbox, their reminders with them, and those of conversations to whoever
    supervises; what is overdue is left to the timers. Returns how many opportunities."""
    reminders.hand_over_conversations(user)
    moved = 0
    while some := retrying(functools.partial(_hand_over_some, user, by=by, now=now)):
        moved += some
    return moved


def hand_over_departed(now: dt.datetime) -> int:
    """The same for everybody who can't come in, however they were switched off. One query when there is nothing."""
    with_work = Opportunity.objects.on_time(now).filter(owner__user__is_active=False)
    people = User.objects.filter(
        Q(pk__in=with_work.order_by().values("owner__user")) | Q(pk__in=reminders.left_behind().values("whom"))
    )
    return sum(hand_over(user, by=None, now=now) for user in people)


@transaction.atomic(durable=True)
def _hand_over_some(user: User, *, by: User | None, now: dt.datetime) -> int:
    ids = Opportunity.objects.on_time(now).filter(owner__user=user).order_by("id").values_list("id", flat=True)
    rows = [
        row
        for row in locking.lock(list(ids[:_BATCH]))
        if row.state == OpportunityState.ACTIVE and row.owner is not None and row.owner.user_id == user.pk
    ]
    reason = kept(_NO_PROMOTER if user.is_active else _GONE)
    withdrawal.withdraw_of(rows, by=by, now=now, reason=reason)
    machine.change(
        rows, OpportunityState.EXIT, kind=EventKind.ORPHANED, now=now, by=by, reason=reason, exit_reason=reason
    )
    return len(rows)


def pause_campaigns_of(user: User, *, by: User | None, now: dt.datetime) -> int:
    """Their running campaigns pause. Returns how many."""
    paused = 0
    for campaign in Campaign.objects.running().filter(owner=user).order_by("id"):
        try:
            lifecycle.pause(
                campaign, by=by, now=now, reason=kept(gettext_lazy("Su responsable ya no entra al sistema."))
            )
        except CampaignRefused:
            continue  # it ended in between
        paused += 1
    return paused


def _supervised_alone(user: User, team: Team | None) -> list[Team]:
    """The teams, or of them this one, that nobody else who comes in supervises."""
    others = Count(
        "supervisors",
        filter=Q(supervisors__is_active=True, supervisors__role=Role.SUPERVISOR) & ~Q(supervisors=user),
    )
    if not user.is_supervisor:
        return []
    teams = Team.objects.filter(pk__in=user.supervised_teams.values("pk")).annotate(others=others).filter(others=0)
    return list(teams if team is None else teams.filter(pk=team.pk))


def _log(user: User, *, by: User, what: str) -> None:
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=str(user)[:200],
        action_flag=CHANGE,
        change_message=what,
    )
