"""Who may be what, how long a log-in lasts, who may guess passwords how often, and what stays in caches and logs."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from leadmaster.accounts.client_address import client_address
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from leadmaster.lib.logs import StrangersInOneLine
from tests.company import signed_in
from tests.factories.accounts import PASSWORD, TeamFactory, UserFactory, token_of

pytestmark = pytest.mark.django_db


def person_page(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/change/"


def form(user: User, **values: Any) -> dict[str, Any]:
    return {"username": user.username, "role": user.role, "is_active": "on", "time_zone": "", **values}


# --- The role decides alone -------------------------------------------------------------------------------------------


def test_a_demoted_superuser_keeps_nothing() -> None:
    root = User.objects.create_superuser("raiz", password=PASSWORD)
    admin = UserFactory.create(role=Role.ADMINISTRATOR)
    assert (root.role, root.is_superuser) == (Role.ADMINISTRATOR, True)

    signed_in(admin).post(person_page(root), form(root, role=Role.PROMOTER))

    root = User.objects.get(pk=root.pk)
    assert (root.role, root.is_superuser, root.is_staff, root.is_administrator) == (Role.PROMOTER, False, False, False)
    assert not root.has_perm("accounts.change_user")
    assert signed_in(root).get("/admin/accounts/user/").status_code == 302


def test_the_database_knows_no_superuser_beside_the_role() -> None:
    person = UserFactory.create(role=Role.SUPERVISOR, is_superuser=True)
    assert not User.objects.get(pk=person.pk).is_superuser

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_superuser=True)


@pytest.mark.parametrize("change", [{"role": Role.SUPERVISOR}, {"role": Role.PROMOTER}, {"is_active": ""}])
def test_the_last_administrator_stays_one(change: dict[str, Any]) -> None:
    last, gone = (
        UserFactory.create(role=Role.ADMINISTRATOR),
        UserFactory.create(role=Role.ADMINISTRATOR, is_active=False),
    )
    client = signed_in(last)
    data = {name: value for name, value in form(last, **change).items() if value}

    page = client.post(person_page(last), data)

    assert "Es la última persona que administra" in page.content.decode()
    last.refresh_from_db()
    assert (last.role, last.is_active) == (Role.ADMINISTRATOR, True)

    User.objects.filter(pk=gone.pk).update(is_active=True)
    assert client.post(person_page(last), data).status_code == 302


def test_the_migration_takes_nothing_from_administrators() -> None:
    migration = importlib.import_module("leadmaster.accounts.migrations.0003_role_alone")
    person = UserFactory.create(role=Role.ADMINISTRATOR, is_superuser=True)

    migration.clear_superusers(apps, type("Editor", (), {"connection": connection}))

    assert User.objects.get(pk=person.pk).is_superuser


def test_a_new_name_sends_nobody_out_of_a_team() -> None:
    active, gone = UserFactory.create(), UserFactory.create(is_active=False)
    boss = UserFactory.create(role=Role.SUPERVISOR, is_active=False)
    team = TeamFactory.create(members=[active, gone], supervisors=[boss])
    client = signed_in(UserFactory.create(role=Role.ADMINISTRATOR))
    page = client.get(f"/admin/accounts/team/{team.pk}/change/")
    shown = page.context["adminform"].form
    assert "ya no entra" in page.content.decode()

    client.post(
        f"/admin/accounts/team/{team.pk}/change/",
        {"name": "Otro", "members": shown["members"].value(), "supervisors": shown["supervisors"].value()},
    )

    team = Team.objects.get(pk=team.pk)
    assert (team.name, set(team.members.all()), set(team.supervisors.all())) == ("Otro", {active, gone}, {boss})


# --- Guessing ---------------------------------------------------------------------------------------------------------


def guess(name: str, password: str = "otra", **headers: str) -> int:
    return Client(headers=headers).post("/login/", {"username": name, "password": password}).status_code


def test_one_address_that_tries_many_names_waits_before_anything_is_hashed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOGIN_FAILURES_PER_ADDRESS = 5
    UserFactory.create(username="pablo")
    assert [guess(f"nadie{number}") for number in range(5)] == [200] * 5
    hashed: list[str] = []

    def check(_self: User, raw: str) -> bool:
        hashed.append(raw)
        return True

    monkeypatch.setattr(User, "check_password", check)
    monkeypatch.setattr(User, "set_password", lambda _self, raw: hashed.append(raw))

    page = Client().post("/login/", {"username": "pablo", "password": PASSWORD})
    program = Client().post("/api/v1/token/", {"username": "pablo", "password": PASSWORD}, "application/json")

    assert (page.status_code, program.status_code) == (429, 429)
    assert "Acceso en pausa" in page.content.decode()
    assert hashed == []
    monkeypatch.undo()
    assert (
        Client(REMOTE_ADDR="10.9.9.9").post("/login/", {"username": "pablo", "password": PASSWORD}).status_code == 302
    )


def test_behind_a_proxy_a_stranger_locks_nobody_else_out(settings: Settings) -> None:
    settings.BEHIND_TLS, settings.AXES_FAILURE_LIMIT = True, 3
    UserFactory.create(username="pablo")
    theirs = {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}

    assert [guess("pablo", **theirs) for _ in range(4)][-1] == 429
    assert guess("pablo", PASSWORD, **{"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}) == 302


@pytest.mark.parametrize(
    ("behind", "forwarded", "address"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (True, "2001:DB8::1", "2001:db8::1"),
        (True, "no es", "127.0.0.1"),
        (True, "", "127.0.0.1"),
    ],
)
def test_whose_address_counts(behind: bool, forwarded: str, address: str, settings: Settings) -> None:
    settings.BEHIND_TLS = behind

    request: HttpRequest = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})

    assert client_address(request) == address


# --- Caches, absences, logs -------------------------------------------------------------------------------------------


def test_what_a_person_sees_is_kept_in_no_cache() -> None:
    person, admin = UserFactory.create(), UserFactory.create(role=Role.ADMINISTRATOR)
    token = {"Authorization": f"Token {token_of(person)}"}

    answers = [
        signed_in(person).get("/mis-campanias/"),
        signed_in(admin).get("/admin/accounts/user/"),
        signed_in(person).get("/api/v1/campaigns/"),
        Client(headers=token).get("/api/v1/campaigns/"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert all("no-store" in answer.headers["Cache-Control"] for answer in answers)


def test_whoever_was_away_logs_in_again_and_a_page_that_refreshes_itself_is_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_IDLE_MINUTES = 10
    clock = [int(timezone.now().timestamp())]
    monkeypatch.setattr("leadmaster.accounts.middleware._now", lambda: clock[0])
    client = signed_in(UserFactory.create())

    def after(minutes: int, **headers: str) -> int:
        clock[0] += minutes * 60
        return client.get("/mis-campanias/", headers=headers).status_code

    assert [after(0), after(9), after(9), after(6, **{"HX-Request": "true"})] == [200] * 4
    assert after(6, **{"HX-Request": "true"}) == 401
    assert after(0) == 302


def test_strangers_are_logged_in_one_line() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("django.security.DisallowedHost", logging.ERROR, "", 1, "Invalid Host", (), info)
    ours = logging.LogRecord("django.request", logging.ERROR, "", 1, "Fault", (), info)

    assert all(StrangersInOneLine().filter(line) for line in (record, ours))
    assert (record.exc_info, record.levelname) == (None, "WARNING")
    assert ours.exc_info is info
