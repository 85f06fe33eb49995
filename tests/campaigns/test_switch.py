"""The kill switch: the environment or a person turns it off; only a person turns it on again."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from campaigns import switch
from campaigns.errors import Incomplete, NotAllowed
from campaigns.models import SenderSwitch
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 13, 0, tzinfo=dt.UTC)


@pytest.fixture
def boss() -> User:
    person: User = UserFactory.create(role=Role.SUPERVISOR)
    return person


def test_is_on_until_somebody_turns_it_off() -> None:
    assert switch.is_on()


def test_the_last_turn_counts(boss: User) -> None:
    for on in (False, True, False):
        switch.turn(on=on, by=boss, reason="Prueba", now=NOW)
        assert switch.is_on() is on

    assert list(SenderSwitch.objects.order_by("id").values_list("on", "by", "reason", "at")) == [
        (on, boss.pk, "Prueba", NOW) for on in (False, True, False)
    ]


def test_off_in_the_environment_wins(settings: Settings, boss: User) -> None:
    settings.AUTO_CAMPAIGNS_ENABLED = False

    switch.turn(on=True, by=boss, reason="Prueba", now=NOW)

    assert not switch.is_on()


def test_the_environment_spares_the_question(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        switch.is_on()
    settings.AUTO_CAMPAIGNS_ENABLED = False
    with django_assert_num_queries(0):
        switch.is_on()


@pytest.mark.parametrize("on", [True, False])
def test_a_promoter_turns_nothing(on: bool) -> None:
    with pytest.raises(NotAllowed):
        switch.turn(on=on, by=UserFactory.create(), reason="Prueba", now=NOW)

    assert not SenderSwitch.objects.exists()


def test_the_system_turns_it_off_and_never_on() -> None:
    switch.turn(on=False, by=None, reason="La base volvió de un respaldo", now=NOW)

    with pytest.raises(NotAllowed):
        switch.turn(on=True, by=None, reason="Ya está", now=NOW)
    assert not switch.is_on()


@pytest.mark.parametrize("reason", ["", "  "])
def test_every_turn_has_a_reason(reason: str, boss: User) -> None:
    with pytest.raises(Incomplete):
        switch.turn(on=False, by=boss, reason=reason, now=NOW)

    assert switch.is_on()
