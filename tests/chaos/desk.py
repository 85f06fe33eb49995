"""Two teams at two desks, with passwords: who works in front of the web server while things are being killed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.models import Desk, Promoter, Stage
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """`team` is the one whose rows they may see; `promoter` whose own alone. An administrator has neither."""

    user: User
    team: int | None = None
    promoter: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Team:
    desk: Desk
    by_api: Person
    by_forms: Person
    boss_by_api: Person
    boss_by_forms: Person
    other: int

    @property
    def id(self) -> int:
        return self.desk.team_id


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desks:
    administrator: Person
    teams: Sequence[Team]
    stages: Sequence[Stage]


def build(*, clients: int) -> Desks:
    """Two teams that know nothing of each other, and so many clients that are everybody's."""
    Funnel()
    desks = DeskFactory.create_batch(2, daily_quota=60, weekly_extensions=200)
    ClientFactory.create_batch(clients)
    return Desks(
        administrator=Person(user=UserFactory(role=Role.ADMINISTRATOR)),
        teams=[_team(desk, other.team_id) for desk, other in zip(desks, reversed(desks), strict=True)],
        stages=list(Stage.objects.exclude(timer_minutes=None)),
    )


def _team(desk: Desk, other: int) -> Team:
    bosses = UserFactory.create_batch(2, role=Role.SUPERVISOR)
    desk.team.supervisors.add(*bosses)
    promoters: list[Promoter] = PromoterFactory.create_batch(2, desk=desk)
    desk.team.members.add(*[promoter.user for promoter in promoters])
    working = [Person(user=one.user, team=desk.team_id, promoter=one.pk) for one in promoters]
    deciding = [Person(user=boss, team=desk.team_id) for boss in bosses]
    return Team(
        desk=desk,
        by_api=working[0],
        by_forms=working[1],
        boss_by_api=deciding[0],
        boss_by_forms=deciding[1],
        other=other,
    )
