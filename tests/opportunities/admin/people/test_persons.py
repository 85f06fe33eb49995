"""Switching somebody off, another role, another team: the page tells first, writes what was read, and loses nothing."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.enums import CampaignState
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.admin.people import leaving
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory
from tests.opportunities.people import People, one_of


@pytest.fixture
def boss_of_all(db: None) -> User:
    user: User = UserFactory.create(role=Role.ADMINISTRATOR)
    return user


def form(user: User, **values: str) -> dict[str, str]:
    return {"username": user.username, "role": user.role, "time_zone": "", "is_active": "on", **values}


def without(data: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in data.items() if key != name}


def test_a_promoter_with_work_in_hand_is_switched_off_after_a_page_that_says_so(
    people: People, boss_of_all: User
) -> None:
    one_of(people.owner, now=timezone.now())
    user = people.owner.user
    CampaignFactory.create(owner=user, team=people.owner.desk.team, state=CampaignState.RUNNING)
    browser, page = signed_in(boss_of_all), reverse("admin:accounts_user_change", args=[user.pk])
    data = without(form(user), "is_active")

    asked = browser.post(page, data)

    user.refresh_from_db()
    assert user.is_active
    words = asked.content.decode()
    assert "1 oportunidad activa pasa a la bandeja" in words
    assert "1 campaña en marcha sigue enviando" in words
    assert f"?owner={people.owner.pk}" in words
    seal = dict(asked.context["carried"])[leaving.AGREED]

    browser.post(page, {**data, leaving.AGREED: seal, leaving.PAUSE: "on"})

    assert not User.objects.get(pk=user.pk).is_active
    assert Opportunity.objects.get().state == OpportunityState.EXIT
    assert user.campaigns.get().state == CampaignState.PAUSED


def test_what_changed_since_is_shown_again(people: People, boss_of_all: User) -> None:
    one_of(people.owner, now=timezone.now())
    user = people.owner.user
    browser, page = signed_in(boss_of_all), reverse("admin:accounts_user_change", args=[user.pk])
    data = without(form(user), "is_active")
    seal = dict(browser.post(page, data).context["carried"])[leaving.AGREED]
    one_of(people.owner, now=timezone.now())

    again = browser.post(page, {**data, leaving.AGREED: seal})

    assert "2 oportunidades activas pasan a la bandeja" in again.content.decode()
    user.refresh_from_db()
    assert user.is_active


def test_who_is_no_promoter_any_more_may_hand_their_work_over(people: People, boss_of_all: User) -> None:
    one_of(people.owner, now=timezone.now())
    user = people.owner.user
    browser, page = signed_in(boss_of_all), reverse("admin:accounts_user_change", args=[user.pk])
    data = form(user, role=Role.SUPERVISOR)
    asked = browser.post(page, data)
    assert "Conserva sus oportunidades" in asked.content.decode()
    seal = dict(asked.context["carried"])[leaving.AGREED]

    browser.post(page, {**data, leaving.AGREED: seal, leaving.HAND_OVER: "on"})

    user.refresh_from_db()
    people.owner.refresh_from_db()
    assert (user.role, people.owner.available) == (Role.SUPERVISOR, False)
    assert Opportunity.objects.get().state == OpportunityState.EXIT


def test_nobody_with_empty_hands_is_asked_about(people: People, boss_of_all: User) -> None:
    user = people.owner.user
    page = reverse("admin:accounts_user_change", args=[user.pk])

    signed_in(boss_of_all).post(page, without(form(user), "is_active"))

    user.refresh_from_db()
    assert not user.is_active


def test_taking_somebody_out_of_a_team_tells_what_stays_in_their_hands(people: People, boss_of_all: User) -> None:
    team, user = people.owner.desk.team, people.owner.user
    team.members.add(user)
    row = one_of(people.owner, now=timezone.now())
    browser, page = signed_in(boss_of_all), reverse("admin:accounts_team_change", args=[team.pk])
    data: dict[str, object] = {"name": team.name, "supervisors": [], "members": []}

    asked = browser.post(page, data)

    assert "1 oportunidad abierta" in asked.content.decode()
    assert set(team.members.all()) == {user}
    mark = dict(asked.context["carried"])[leaving.AGREED]
    browser.post(page, {**data, leaving.AGREED: mark})
    assert not team.members.exists()
    assert set(Opportunity.objects.visible_to(boss_of_all)) == {row}


def test_a_team_left_without_a_supervisor_says_who_decides(people: People, boss_of_all: User) -> None:
    team = people.owner.desk.team
    CampaignFactory.create(team=team, state=CampaignState.AWAITING_APPROVAL)
    browser, page = signed_in(boss_of_all), reverse("admin:accounts_team_change", args=[team.pk])

    asked = browser.post(page, {"name": team.name, "supervisors": [], "members": []})

    assert f"Nadie más supervisa {team.name}" in asked.content.decode()
    assert set(team.supervisors.all()) == {people.boss}
