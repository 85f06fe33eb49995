"""The door: one log-in for everybody, throttled, in Spanish."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from leadmaster.accounts.middleware import ViewerTimeZoneMiddleware
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.company import signed_in
from tests.factories.accounts import PASSWORD, UserFactory


@pytest.fixture
def promoter(db: None) -> User:
    user: User = UserFactory(username="pablo")
    return user


def enter(client: Client, password: str = PASSWORD, **values: str) -> int:
    return client.post("/login/", {"username": "pablo", "password": password, **values}).status_code


def test_the_right_password_opens(promoter: User) -> None:
    client = Client()

    assert enter(client) == 302
    assert client.get("/mis-campanias/").status_code == 200


def test_a_wrong_one_is_told_without_saying_which_part(promoter: User) -> None:
    response = Client().post("/login/", {"username": "pablo", "password": "otra"})

    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_it_goes_on_to_where_the_person_wanted_and_never_elsewhere(promoter: User) -> None:
    inside = Client().post("/login/", {"username": "pablo", "password": PASSWORD, "next": "/mis-campanias/"})
    outside = Client().post("/login/", {"username": "pablo", "password": PASSWORD, "next": "https://evil.example/"})

    assert inside.headers["Location"] == "/mis-campanias/"
    assert outside.headers["Location"] == "/"


def test_too_many_wrong_ones_close_the_door_for_a_while_and_say_so(promoter: User, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    client = Client()
    wrong = [enter(client, password="otra") for _ in range(3)]

    right = client.post("/login/", {"username": "pablo", "password": PASSWORD})

    assert wrong == [200, 200, 429]
    assert right.status_code == 429
    assert "Acceso en pausa" in right.content.decode()


def test_leaving_takes_a_post(promoter: User) -> None:
    client = signed_in(promoter)

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/mis-campanias/").status_code == 302


def test_the_desk_has_no_door_of_its_own(db: None) -> None:
    supervisor = UserFactory(role=Role.SUPERVISOR)

    assert Client().get("/admin/login/?next=/admin/").headers["Location"] == "/login/?next=%2Fadmin%2F"
    assert signed_in(supervisor).get("/admin/login/").headers["Location"] == "/admin/"
    assert signed_in(supervisor).post("/admin/logout/").headers["Location"] == "/login/"


def test_times_are_shown_where_the_viewer_lives(db: None) -> None:
    supervisor = UserFactory(role=Role.SUPERVISOR, time_zone="America/Mexico_City")
    lost = UserFactory(role=Role.SUPERVISOR, time_zone="Atlantis/Capital")

    seen: list[str] = []

    def view(request: object) -> object:
        seen.append(timezone.get_current_timezone_name())
        return object()

    for user in (supervisor, lost):
        request = signed_in(user).get("/admin/").wsgi_request
        ViewerTimeZoneMiddleware(view)(request)  # type: ignore[arg-type]

    assert seen == ["America/Mexico_City", "America/Argentina/Cordoba"]
