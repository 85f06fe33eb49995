"""A desk that was given work, and everybody who may look at it."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import Client as Browser
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.models import Opportunity, Promoter
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory


@dataclasses.dataclass(frozen=True)
class World:
    """`promoter` and `colleague` share a desk that `supervisor` decides over; `stranger` works at another one."""

    funnel: Funnel
    promoter: Promoter
    colleague: Promoter
    stranger: Promoter
    supervisor: User
    foreign_supervisor: User

    def give(self, number: int) -> list[Opportunity]:
        """So many new clients, assigned to the promoter now."""
        ClientFactory.create_batch(number)
        key = f"given-{Opportunity.objects.count()}"
        request_lot(self.promoter, Filters(), number, key=key, now=timezone.now())
        return list(Opportunity.objects.filter(owner=self.promoter).order_by("-id")[:number])[::-1]

    def browser(self, who: str) -> Browser:
        person = getattr(self, who)
        return signed_in(person.user if isinstance(person, Promoter) else person)


@pytest.fixture
def world(db: None) -> World:
    promoter, stranger = PromoterFactory(), PromoterFactory()
    supervisor, foreign = UserFactory(role=Role.SUPERVISOR), UserFactory(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(supervisor)
    stranger.desk.team.supervisors.add(foreign)
    return World(
        funnel=Funnel(),
        promoter=promoter,
        colleague=PromoterFactory(desk=promoter.desk),
        stranger=stranger,
        supervisor=supervisor,
        foreign_supervisor=foreign,
    )


@pytest.fixture
def row(world: World) -> Opportunity:
    return world.give(1)[0]


@pytest.fixture
def browser(world: World) -> Browser:
    """The promoter's."""
    return world.browser("promoter")
