"""Which calendar counts for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from leadmaster.calendars.errors import NoCalendar

if TYPE_CHECKING:
    from leadmaster.accounts.models import User
    from leadmaster.calendars.models import OperatingCalendar


class OperatingCalendarQuerySet(models.QuerySet["OperatingCalendar"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Administrators see all; others the general one and their teams'."""
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        if user.is_administrator:
            return self
        # Subqueries, not joins: a calendar of a team with many people is one row.
        decided, joined = user.decided_teams().values("pk"), user.teams.values("pk")
        return self.filter(Q(is_general=True) | Q(team__in=decided) | Q(team__in=joined))

    def kept_by(self, user: User | AnonymousUser) -> Self:
        """Administrators keep all; supervisors their teams'. The general one is everybody's: whoever changes it moves
        the deadlines of teams that are not theirs."""
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        if user.is_administrator:
            return self
        return self.filter(team__in=user.decided_teams().values("pk"), is_general__isnull=True)

    def for_team(self, team_id: int | None) -> OperatingCalendar:
        """The team's own calendar, else the general one. One query. Raises NoCalendar when there is neither."""
        candidates = Q(is_general=True) if team_id is None else Q(is_general=True) | Q(team_id=team_id)
        # NULL comes first in ascending order on both databases: the team's own calendar is not the general one.
        found = self.filter(candidates).order_by("is_general").first()
        if found is None:
            raise NoCalendar(
                _("No hay un horario de atención para este equipo: crea su calendario o marca uno como general.")
            )
        return found
