"""A desk with two promoters, and the shortest ways to give them work: what the tests of the desk's rules stand on."""

from __future__ import annotations

import dataclasses
import datetime as dt

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.models import Opportunity, Promoter
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, PromoterFactory

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


@dataclasses.dataclass
class People:
    """`owner` and `colleague` are promoters of the desk that `boss` supervises; `stranger` is `other_boss`'s."""

    owner: Promoter
    colleague: Promoter
    boss: User
    stranger: Promoter
    other_boss: User


def build() -> People:
    desk = DeskFactory()
    boss, other_boss = UserFactory.create_batch(2, role=Role.SUPERVISOR)
    stranger = PromoterFactory()
    desk.team.supervisors.add(boss)
    stranger.desk.team.supervisors.add(other_boss)
    return People(PromoterFactory(desk=desk), PromoterFactory(desk=desk), boss, stranger, other_boss)


def ask(promoter: Promoter, quantity: int, key: str = "k", *, now: dt.datetime = NOW) -> Granted:
    return request_lot(promoter, Filters(), quantity, key=key, now=now)


def one_of(promoter: Promoter, *, now: dt.datetime = NOW) -> Opportunity:
    """A new client's opportunity, worked by this promoter."""
    ClientFactory.create_batch(1)
    ask(promoter, 1, f"uno {Opportunity.objects.count()}", now=now)
    return Opportunity.objects.latest("id")
