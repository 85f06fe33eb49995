"""Whose work, whose promoters: what the desk's lists, fields and doors narrow by."""

from __future__ import annotations

import functools
import operator

from django.db.models import Q, QuerySet

from campaigns.models import Campaign, Conversation
from leadmaster.accounts.models import User
from leadmaster.accounts.scope import scope, teams_of
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import ContactPoint
from opportunities.models import Opportunity, Promoter
from opportunities.querysets import OpportunityQuerySet
from whatsapp.models import WhatsAppSession


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


def conversations_of(user: User) -> QuerySet[Conversation]:
    """The conversations that this person may read and attend to. Up to three queries, for the lists that it names."""
    return Conversation.objects.filter(functools.reduce(operator.or_, conversation_reasons(user)))


def conversation_reasons(user: User) -> list[Q]:
    """The reasons for which somebody sees a conversation, each by an index of its own. One is enough.

    The line or the campaign is theirs or their team's; they work the client, or it was given to them, and it is of the
    team of their desk: whoever leaves the desk leaves its conversations.
    """
    if not user.is_active:
        return [Q(pk__in=[])]
    if user.is_administrator:
        return [Q()]
    lines = list(WhatsAppSession.objects.visible_to(user).order_by("pk").values_list("pk", flat=True))
    reasons = [Q(session__in=lines), Q(campaign__in=Campaign.objects.visible_to(user).order_by().values("pk"))]
    desk = own_desk(user)
    if desk is None:
        return reasons
    theirs = of_team(desk.desk.team_id)
    return [*reasons, theirs & Q(assigned_to=user), theirs & Q(phone__in=_phones_worked_by(desk))]


def of_team(team_id: int) -> Q:
    """A conversation is its line's team's, and its campaign's."""
    return Q(session__team=team_id) | Q(campaign__team=team_id)


def _phones_worked_by(promoter: Promoter) -> list[str]:
    """A promoter's capacity bounds how many."""
    phones = ContactPoint.objects.filter(
        kind=ContactKind.PHONE, is_valid=True, client__open_opportunity__owner=promoter
    )
    return list(phones.order_by().values_list("normalised", flat=True).distinct())
