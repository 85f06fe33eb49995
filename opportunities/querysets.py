"""The desk's business words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from leadmaster.accounts.models import User
from leadmaster.accounts.scope import scope
from opportunities.enums import OPEN, OpportunityState, ReminderState

if TYPE_CHECKING:
    from opportunities.models import DailyQuota, Lot, Opportunity, Reminder  # noqa: F401 - named in strings below


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(scope(user, owner="owner__user", team="team"))

    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def active(self) -> Self:
        return self.filter(state=OpportunityState.ACTIVE)

    def inbox(self) -> Self:
        """Exits that wait for a decision, the oldest first."""
        return self.filter(state=OpportunityState.EXIT).order_by("state_since", "id")

    def pool(self) -> Self:
        """Nobody's, the oldest first."""
        return self.filter(state=OpportunityState.POOL).order_by("state_since", "id")

    def overdue(self, now: dt.datetime) -> Self:
        """A fact of the clock: so from the deadline on, whether or not the cron has run."""
        return self.filter(state=OpportunityState.ACTIVE, deadline__lte=now)

    def on_time(self, now: dt.datetime) -> Self:
        return self.filter(Q(deadline__isnull=True) | Q(deadline__gt=now), state=OpportunityState.ACTIVE)

    def with_client(self) -> Self:
        """With client and contacts, and stage: what a card shows, in one query more."""
        return self.select_related("client", "stage").prefetch_related("client__contacts")

    def with_people(self) -> Self:
        """The same with the owner and the sale."""
        return self.with_client().select_related("client", "stage", "owner__user", "sale")


class LotQuerySet(models.QuerySet["Lot"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """By the team that the lot was asked in: promoters change teams, and their lots don't."""
        return self.filter(scope(user, owner="promoter__user", team="team"))


class DailyQuotaQuerySet(models.QuerySet["DailyQuota"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(scope(user, owner="promoter__user", team="promoter__desk__team"))


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own, and those of the teams that one supervises."""
        return self.filter(scope(user, owner="whom", team="team"))

    def pending(self) -> Self:
        """The first to come first."""
        return self.filter(state=ReminderState.PENDING).order_by("due_at", "id")

    def due(self, now: dt.datetime) -> Self:
        """Their hour has come; they stay so until somebody acts."""
        return self.pending().filter(due_at__lte=now)
