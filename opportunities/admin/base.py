"""What the desk's pages share: who asks, which teams and promoters are theirs to decide about, and how states look."""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import teams_of
from leadmaster.lib.admin.filters import ScopedFilter
from leadmaster.lib.admin.modeladmins import ScopedAdmin
from opportunities.models import Promoter, Stage
from opportunities.policy import SUPERVISE
from opportunities.scope import promoters_of, team_ids_of

__all__ = [
    "DeskAdmin",
    "PromoterFilter",
    "ScopedFilter",
    "StageFilter",
    "TeamFilter",
    "current_user",
    "promoters_by_name",
    "require_supervisor_role",
    "team_ids_in",
]

M = TypeVar("M", bound=Model)


def team_ids_in(request: HttpRequest) -> list[int]:
    """Those of whoever asks, asked once a request: its list and its menu both need them."""
    found: list[int] | None = request.__dict__.get("desk_team_ids")
    if found is None:
        found = request.__dict__["desk_team_ids"] = team_ids_of(request.user)
    return found


def promoters_by_name(user: Any) -> QuerySet[Promoter]:
    """The promoters whom this person decides about, in the order in which people look for them."""
    if not isinstance(user, User):
        return Promoter.objects.none()
    return promoters_of(user).order_by("user__first_name", "user__last_name", "user__username")


def require_supervisor_role(request: HttpRequest) -> User:
    """Who asks, if their role decides about others' work at all; else 403."""
    user = current_user(request)
    if not user.is_active or not user.has_perm(SUPERVISE):
        raise PermissionDenied
    return user


class DeskAdmin(ScopedAdmin[M]):
    """A page of the supervisors' desk: promoters have their own pages, and none of these."""

    # Where the row's team is, by which rows are visible.
    team_field = "team"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return request.user.has_perm(SUPERVISE)

    def visible(self, rows: QuerySet[M], request: HttpRequest) -> QuerySet[M]:
        user = request.user
        if isinstance(user, User) and user.is_active and user.is_administrator:
            return rows
        return rows.filter(**{f"{self.team_field}__in": team_ids_in(request)})


class TeamFilter(ScopedFilter):
    """Give subclasses another `lookup` where the team lies further away."""

    title = _("equipo")
    parameter_name = "team"
    lookup = "team"

    def choices_for(self, user: Any) -> QuerySet[Team]:
        return teams_of(user)


class PromoterFilter(ScopedFilter):
    title = _("promotor")
    parameter_name = "owner"
    lookup = "owner"

    def choices_for(self, user: Any) -> QuerySet[Promoter]:
        """By name, and nothing but their names."""
        return promoters_by_name(user).select_related(None).select_related("user")


class StageFilter(ScopedFilter):
    title = _("etapa")
    parameter_name = "stage"
    lookup = "stage"

    def choices_for(self, user: Any) -> QuerySet[Stage]:
        return Stage.objects.all()
