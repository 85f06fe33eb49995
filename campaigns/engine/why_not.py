"""Why nothing goes out this very second: the plan's reason, and below it that of lanes and envíos. Screens ask here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from campaigns import holds, switch
from campaigns.engine import journal_trouble, person_rest
from campaigns.engine.plan import GO, Standing, against_session, cold_standing, standing_of
from campaigns.enums import AutomaticKind, BrakeKind, CampaignState, EnvioState, WhyNot
from campaigns.models import Campaign, Envio, Lane
from campaigns.progress import Progress
from leadmaster.directory.models import Suppression


def why_not(campaign: Campaign, now: dt.datetime, *, done: Progress | None = None) -> Standing:
    """Why this campaign sends nothing now, down to its lanes and its next envío. For screens and programs.

    `done` spares asking for what the caller just counted.
    """
    if campaign.state != CampaignState.RUNNING:
        held = braked([campaign]).get(campaign.pk)
        if held is not None:
            return held
        return Standing(reason=WhyNot.NOT_RUNNING, detail=str(campaign.get_state_display()))
    nothing = _nothing_left(_left_of(campaign) if done is None else _left_in(done))
    if nothing is not None:
        return nothing
    standing = standing_of(campaign, now)
    if standing.reason:
        return standing
    if journal_trouble.machines():
        return Standing(reason=WhyNot.JOURNAL)
    return _why_not_this_second(campaign, now)


def braked(campaigns: Iterable[Campaign]) -> dict[int, Standing]:
    """Of those that are paused, what their brakes hold. One query, none when nothing is paused."""
    paused = [campaign.pk for campaign in campaigns if campaign.state == CampaignState.PAUSED]
    return {
        pk: Standing(reason=_REASONS[BrakeKind(hold.kind)], detail=hold.detail)
        for pk, hold in holds.open_of_all(paused).items()
    }


_REASONS = {
    BrakeKind.ERROR_RATE: WhyNot.ERROR_RATE,
    BrakeKind.TEMPLATE: WhyNot.TEMPLATE,
    BrakeKind.OPT_OUTS: WhyNot.OPT_OUTS,
}
# What a supervisor lifts.
BRAKED = frozenset({*_REASONS.values(), WhyNot.CANARY, WhyNot.SELLERS})


def of_what_is_left(standing: Standing | None, done: Progress) -> Standing | None:
    """The plan's word on a campaign of a list, unless nothing of it waits any more: no limit or window keeps that back."""
    if standing is None:
        return None
    return _nothing_left(_left_in(done)) or standing


def _left_of(campaign: Campaign) -> set[str]:
    return set(
        Envio.objects.filter(campaign=campaign, state__in=_LEFT).order_by().values_list("state", flat=True).distinct()
    )


def _left_in(done: Progress) -> set[str]:
    return {state for state in _LEFT if done.counts[state]}


_LEFT = (EnvioState.PENDING, EnvioState.SENDING, EnvioState.UNCERTAIN)


def _nothing_left(left: Collection[str]) -> Standing | None:
    if EnvioState.PENDING in left or EnvioState.SENDING in left:
        return None
    return Standing(reason=WhyNot.UNCERTAIN if EnvioState.UNCERTAIN in left else WhyNot.NOTHING_DUE)


def why_not_this(envio: Envio, now: dt.datetime) -> Standing:
    """Why this one envío is not going out now."""
    if envio.state == EnvioState.SENDING:
        return Standing(reason=WhyNot.IN_FLIGHT)
    if envio.state == EnvioState.UNCERTAIN:
        return Standing(reason=WhyNot.UNCERTAIN)
    if envio.state != EnvioState.PENDING:
        return Standing(reason=WhyNot.DONE, detail=str(envio.get_state_display()))
    held = None if envio.automatic == AutomaticKind.OPT_OUT else Suppression.objects.holding(envio.phone)
    if held is not None:
        return Standing(reason=WhyNot.DOUBT if held.in_doubt else WhyNot.SUPPRESSED)
    if envio.campaign is None:
        return _why_no_answer(envio, now)
    standing = why_not(envio.campaign, now)
    if standing.reason == WhyNot.COLD and envio.warm:
        return _why_this_waits(envio, envio.campaign, now) or Standing(reason=WhyNot.PACING)
    if standing.reason in (None, WhyNot.PACING, WhyNot.BACK_OFF, WhyNot.IN_FLIGHT, WhyNot.NOTHING_DUE, WhyNot.RESTING):
        return _why_this_waits(envio, envio.campaign, now) or (
            standing if standing.reason else Standing(reason=WhyNot.PACING)
        )
    return standing


def _why_no_answer(envio: Envio, now: dt.datetime) -> Standing:
    """Why this reply is not going out now: no campaign's hours, caps or pace concern it."""
    if not switch.is_on():
        return Standing(reason=WhyNot.SWITCHED_OFF)
    against = against_session(envio.session, now)
    if against is not None:
        return against
    if envio.next_due > now:
        return Standing(reason=WhyNot.BACK_OFF, until=envio.next_due)
    return Standing(reason=WhyNot.PACING)


def _why_this_waits(envio: Envio, campaign: Campaign, now: dt.datetime) -> Standing | None:
    """Why this one waits while its campaign sends."""
    rest = person_rest.rests_until(campaign, envio.phone, now)
    if rest is not None:
        return Standing(reason=WhyNot.RESTING, until=max(rest, envio.next_due))
    cold = campaign.session.cold_until
    if not envio.warm and cold is not None and cold > now:
        return cold_standing(campaign.session, until=max(cold, envio.next_due))
    return Standing(reason=WhyNot.BACK_OFF, until=envio.next_due) if envio.next_due > now else None


def _why_not_this_second(campaign: Campaign, now: dt.datetime) -> Standing:
    """The plan would let it send: look at its envíos and lanes."""
    pending = Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING)
    row = pending.order_by("next_due", "id").values_list("next_due", "phone").first()
    if row is None:
        in_flight = Envio.objects.filter(campaign=campaign, state=EnvioState.SENDING).exists()
        return Standing(reason=WhyNot.IN_FLIGHT if in_flight else WhyNot.NOTHING_DUE)
    first, phone = row
    if first > now:
        rests = person_rest.rests_until(campaign, phone, now) is not None
        return Standing(reason=WhyNot.RESTING if rests else WhyNot.BACK_OFF, until=first)
    session = campaign.session
    lane = Lane.objects.filter(session=session, busy=False).order_by("next_due").first()
    if lane is None:
        busy = Lane.objects.filter(session=session, busy=True).exists()
        return Standing(reason=WhyNot.IN_FLIGHT) if busy else GO
    if lane.next_due > now:
        return Standing(reason=WhyNot.PACING, until=lane.next_due)
    return GO
