"""The rows of what holds a campaign: opened by a brake, closed by a person or with the campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.enums import BrakeKind
from campaigns.models import Campaign, CampaignBrake, CampaignCanary, CampaignEvent
from leadmaster.accounts.models import User


def open_of(campaign: Campaign) -> list[CampaignBrake]:
    """What holds it now, the latest first. One query."""
    return list(CampaignBrake.objects.filter(open_for=campaign))


def open_of_all(campaign_ids: Collection[int]) -> dict[int, CampaignBrake]:
    """By campaign, the latest hold of each that is held. One query, none without campaigns."""
    if not campaign_ids:
        return {}
    rows = CampaignBrake.objects.filter(open_for__in=campaign_ids).order_by("id")
    return {row.campaign_id: row for row in rows}


def open_one(campaign: Campaign, kind: BrakeKind, *, detail: str, now: dt.datetime) -> CampaignBrake:
    """Raises IntegrityError when this kind holds it already."""
    return CampaignBrake.objects.create(campaign=campaign, open_for=campaign, kind=kind, at=now, detail=detail[:300])


def note(campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
    """A line in the history of what moved no state: it goes from one to the same."""
    CampaignEvent.objects.create(
        campaign=campaign,
        at=now,
        by=by,
        from_state=campaign.state,
        to_state=campaign.state,
        reason=_("Soltó el freno: %(reason)s") % {"reason": reason.strip()[:250]},
    )


def close(campaign: Campaign, *kinds: BrakeKind, by: User | None, reason: str, now: dt.datetime) -> int:
    """End what holds it, of these kinds or of any. Returns how many did."""
    rows = CampaignBrake.objects.filter(open_for=campaign)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return rows.update(open_for=None, ended_at=now, ended_by=by, reason=reason.strip()[:300])


def size_for(campaign: Campaign) -> int:
    return settings.CANARY_SIZE if campaign.canary_size is None else campaign.canary_size


def release_first(campaign: Campaign) -> None:
    """The launch of a campaign, in its transaction: only its first messages go ahead."""
    if size_for(campaign):
        CampaignCanary.objects.get_or_create(campaign=campaign, defaults={"size": size_for(campaign)})
