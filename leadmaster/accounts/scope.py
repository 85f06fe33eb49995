"""The one rule of who sees which row, and of whose work: administrators all, supervisors their teams', promoters their own."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from leadmaster.accounts.models import Team, User


def teams_of(user: object) -> QuerySet[Team]:
    """`decided_teams` of whoever asks: nobody's without a log-in."""
    return user.decided_teams() if isinstance(user, User) and user.is_active else Team.objects.none()


def scope(user: User | AnonymousUser, *, owner: str, team: str) -> Q:
    """A condition for rows that hang from `owner` (a User path) and `team` (a Team path).

    Nobody's condition matches nothing, so a forgotten log-in shows an empty list and no row.
    """
    nothing = Q(pk__in=[])
    if not isinstance(user, User) or not user.is_active:
        return nothing
    if user.is_administrator:
        return Q()
    own = Q(**{owner: user})
    if user.is_supervisor:
        return own | Q(**{f"{team}__in": user.supervised_teams.values("pk")})
    return own
