"""What the sender's pages share."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from campaigns.policy import Act, may
from leadmaster.accounts.models import Team, User
from leadmaster.lib.admin.filters import ScopedFilter
from whatsapp.models import WhatsAppSession


def require_act(request: HttpRequest, act: Act, campaign: Campaign) -> None:
    """403 unless this person may do this to this campaign."""
    if not may(request.user, act, campaign):
        raise PermissionDenied


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
