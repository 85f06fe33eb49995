"""Whose work, whose promoters: what the desk's lists, fields and doors narrow by."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from leadmaster.accounts.models import User
from leadmaster.accounts.scope import scope, teams_of
from opportunities.models import Opportunity, Promoter
from opportunities.querysets import OpportunityQuerySet


def team_ids_of(user: object) -> list[int]:
    """The teams that this person decides about. A list, by which MariaDB walks an index; a join it would sort."""
    return list(teams_of(user).order_by("pk").values_list("pk", flat=True))


def decided_by(user: User) -> OpportunityQuerySet:
    """The opportunities of those teams."""
    return Opportunity.objects.filter(team__in=team_ids_of(user))


def listed_for(user: User, desk: Promoter | None) -> OpportunityQuerySet:
    """The same rows as `visible_to`, by the ids of teams and desk: a list of them walks an index, a join does not."""
    own = Q(owner=desk) if desk is not None else Q(pk__in=[])
    if user.is_administrator or user.is_supervisor:
        return Opportunity.objects.filter(Q(team__in=team_ids_of(user)) | own)
    return Opportunity.objects.filter(own)


def promoters_of(user: User) -> QuerySet[Promoter]:
    """The promoters at those teams' desks, and oneself."""
    rows = Promoter.objects.filter(scope(user, owner="user", team="desk__team"))
    return rows.select_related("user", "desk__team", "desk__calendar")


def own_desk(user: User) -> Promoter | None:
    """This person as a promoter; None for those who work at no desk."""
    return Promoter.objects.select_related("user", "desk__calendar").filter(user=user).first()
