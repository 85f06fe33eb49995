"""What the sender's pages share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from campaigns.policy import Act, may
from leadmaster.accounts.models import Team, User
from leadmaster.lib.ids import row_number
from whatsapp.models import WhatsAppSession

# Longer lists of choices help nobody: there is a search.
_CHOICES = 60


def require_act(request: HttpRequest, act: Act, campaign: Campaign) -> None:
    """403 unless this person may do this to this campaign."""
    if not may(request.user, act, campaign):
        raise PermissionDenied


class ScopedFilter(SimpleListFilter, ABC):
    """A filter by a related row that offers only what this person may see."""

    lookup = ""

    @abstractmethod
    def choices_for(self, user: Any) -> QuerySet[Any]:
        """The rows that this person may choose among, in the order they are offered."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(row.pk), str(row)) for row in self.choices_for(request.user)[:_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        number = row_number(self.value() or "")
        return queryset if number is None else queryset.filter(**{self.lookup: number})


class CampaignFilter(ScopedFilter):
    title = _("campaña")
    parameter_name = "campaign"
    lookup = "campaign"

    def choices_for(self, user: Any) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(user).only("name")


class SessionFilter(ScopedFilter):
    title = _("sesión")
    parameter_name = "session"
    lookup = "session"

    def choices_for(self, user: Any) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(user).only("name")


class TeamFilter(ScopedFilter):
    title = _("equipo")
    parameter_name = "team"
    lookup = "team"

    def choices_for(self, user: Any) -> QuerySet[Team]:
        return teams_of(user)


def teams_of(user: Any) -> QuerySet[Team]:
    """The teams this person works with."""
    if not isinstance(user, User):
        return Team.objects.none()
    if user.is_administrator:
        return Team.objects.all()
    own = Team.objects.filter(supervisors=user) | Team.objects.filter(members=user)
    return own.distinct()


def people_of(user: User) -> QuerySet[User]:
    """Who may be made responsible for a campaign by this person."""
    active = User.objects.filter(is_active=True).order_by("first_name", "username")
    if user.is_administrator:
        return active
    mine = active.filter(teams__in=user.supervised_teams.values("pk")) | active.filter(pk=user.pk)
    return mine.distinct()
