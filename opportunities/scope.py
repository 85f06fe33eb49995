"""Whose teams, whose promoters: what the desk's lists and fields narrow by."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q, QuerySet

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import scope
from opportunities.models import Opportunity, Promoter
from opportunities.queries.regions import region_of
from opportunities.querysets import OpportunityQuerySet


def decided_teams(user: User) -> list[int]:
    """The teams whose work this person decides about. A list, by which MariaDB walks an index; a join it would sort."""
    teams = Team.objects.all() if user.is_administrator else user.supervised_teams.all()
    return list(teams.order_by("pk").values_list("pk", flat=True))


def decided_by(user: User) -> OpportunityQuerySet:
    """The opportunities of those teams."""
    return Opportunity.objects.filter(team__in=decided_teams(user))


def listed_for(user: User, desk: Promoter | None) -> OpportunityQuerySet:
    """The same rows as `visible_to`, by the ids of teams and desk: a list of them walks an index, a join does not."""
    own = Q(owner=desk) if desk is not None else Q(pk__in=[])
    if user.is_administrator or user.is_supervisor:
        return Opportunity.objects.filter(Q(team__in=decided_teams(user)) | own)
    return Opportunity.objects.filter(own)


def promoters_of(user: User) -> QuerySet[Promoter]:
    """The promoters at those teams' desks, and oneself."""
    rows = Promoter.objects.filter(scope(user, owner="user", team="desk__team"))
    return rows.select_related("user", "desk__team", "desk__calendar")


def own_desk(user: User) -> Promoter | None:
    """This person as a promoter; None for those who work at no desk."""
    return Promoter.objects.select_related("user", "desk__calendar").filter(user=user).first()


def region(promoter: Promoter | None) -> str:
    """With which country's habits this person writes phones."""
    return region_of(promoter) if promoter else str(settings.CLIENTS_REGION)
