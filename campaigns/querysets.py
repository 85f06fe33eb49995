"""The sender's business words. `now` is an argument; the reader of each index is named in the models."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from campaigns.enums import CAMPAIGN_ENDED, CampaignState, EnvioState, ScheduleState
from leadmaster.accounts.models import User
from leadmaster.accounts.scope import scope

if TYPE_CHECKING:
    from campaigns.models.campaign import Campaign  # noqa: F401 - named in strings below
    from campaigns.models.envio import Envio  # noqa: F401 - named in strings below
    from campaigns.models.lane import Lane  # noqa: F401 - named in strings below
    from campaigns.models.restore import JournalReport  # noqa: F401 - named in strings below
    from campaigns.models.schedule import Schedule  # noqa: F401 - named in strings below


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(scope(user, owner="owner", team="team"))

    def running(self) -> Self:
        return self.filter(state=CampaignState.RUNNING)

    def awaiting_approval(self) -> Self:
        return self.filter(state=CampaignState.AWAITING_APPROVAL)

    def alive(self) -> Self:
        return self.exclude(state__in=CAMPAIGN_ENDED)


class EnvioQuerySet(models.QuerySet["Envio"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Messages of campaigns. What people wrote themselves is read in its conversation."""
        return self.of_campaigns().filter(scope(user, owner="campaign__owner", team="campaign__team"))

    def decided_by(self, user: User | AnonymousUser) -> Self:
        """What this person may say the truth about: the same, and the replies of their lines. For few rows."""
        replies = Q(campaign__isnull=True) & scope(user, owner="session__owner", team="session__team")
        own = Q(author=user) if isinstance(user, User) and user.is_active else Q(pk__in=[])
        mine = Q(campaign__isnull=False) & scope(user, owner="campaign__owner", team="campaign__team")
        return self.filter(mine | replies | own)

    def of_campaigns(self) -> Self:
        return self.filter(campaign__isnull=False)

    def replies(self) -> Self:
        """What was answered in conversations, by people of ours or by a line itself."""
        return self.filter(campaign__isnull=True)

    def written(self) -> Self:
        """What people of ours wrote in conversations."""
        return self.replies().filter(automatic="")

    def in_their_order(self) -> Self:
        """Of replies: those before which no other one of their conversation waits, or is on its way."""
        before = self.model._base_manager.filter(
            campaign=None,
            session=OuterRef("session"),
            phone=OuterRef("phone"),
            pk__lt=OuterRef("pk"),
            state__in=(EnvioState.PENDING, EnvioState.SENDING),
        )
        return self.filter(~Exists(before))

    def pending(self) -> Self:
        return self.filter(state=EnvioState.PENDING)

    def due(self, now: dt.datetime) -> Self:
        return self.filter(state=EnvioState.PENDING, next_due__lte=now)

    def uncertain(self) -> Self:
        return self.filter(state=EnvioState.UNCERTAIN)

    def stale(self, now: dt.datetime) -> Self:
        """In flight with a lease that ran out."""
        return self.filter(state=EnvioState.SENDING, lease_until__lt=now)


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def in_force(self) -> Self:
        """Approved for the hours that their line keeps."""
        return self.filter(state=ScheduleState.APPROVED, zone=F("campaign__session__time_zone"))

    def awaiting_approval(self) -> Self:
        """Those that nobody decided on, also because their line has changed its zone since."""
        moved = Q(state=ScheduleState.APPROVED) & ~Q(zone=F("campaign__session__time_zone"))
        return self.filter(Q(state=ScheduleState.PENDING) | moved)


class LaneQuerySet(models.QuerySet["Lane"]):
    def due(self, now: dt.datetime) -> Self:
        return self.filter(busy=False, next_due__lte=now).order_by("next_due", "id")

    def stale(self, now: dt.datetime) -> Self:
        return self.filter(Q(busy=True, lease_until__lt=now))


class JournalReportQuerySet(models.QuerySet["JournalReport"]):
    def awaited(self) -> Self:
        """Neither read nor given up: while there is one, nobody knows what must not be sent again."""
        return self.filter(reported_at__isnull=True, lost_at__isnull=True)
