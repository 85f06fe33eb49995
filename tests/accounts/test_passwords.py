"""Whose password it is, for how long a program may speak for a person, and what ends both."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from leadmaster.accounts import api_tokens
from leadmaster.accounts.models import ApiToken, User
from leadmaster.accounts.roles import Role
from tests.company import signed_in
from tests.factories.accounts import PASSWORD, UserFactory, token_of

pytestmark = pytest.mark.django_db
NEW = "otra-clave-larga-y-mia"


def change(client: Client, *, old: str = PASSWORD, new: str = NEW) -> int:
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/cuenta/", data).status_code


def asks(token: str) -> int:
    return APIClient(headers={"Authorization": f"Token {token}"}).get("/api/v1/campaigns/").status_code


@pytest.mark.parametrize("role", Role)
def test_everybody_changes_their_own_password(role: Role) -> None:
    person = UserFactory.create(role=role)
    client = signed_in(person)
    assert "Cambiar la contraseña" in client.get("/cuenta/").content.decode()

    assert change(client, old="otra") == 200
    assert change(client, new=PASSWORD) == 200
    assert change(client, new="12345678901") == 200
    assert change(client) == 302

    person.refresh_from_db()
    assert person.check_password(NEW)
    assert client.get("/cuenta/").status_code == 200


def test_the_own_page_is_nobody_elses() -> None:
    assert Client().get("/cuenta/").headers["Location"].startswith("/login/")
    assert Client().post("/cuenta/accesos/").headers["Location"].startswith("/login/")


def test_a_password_that_somebody_else_chose_is_for_the_first_log_in_only() -> None:
    boss = signed_in(UserFactory.create(role=Role.ADMINISTRATOR))
    data = {"username": "lucia", "role": Role.PROMOTER, "usable_password": "true", "password1": PASSWORD}
    boss.post("/admin/accounts/user/add/", {**data, "password2": PASSWORD})
    client = Client()

    client.post("/login/", {"username": "lucia", "password": PASSWORD})
    turned_away = [client.get(path).headers.get("Location") for path in ("/", "/mis-campanias/", "/admin/")]
    program = client.get("/api/v1/campaigns/")
    token = APIClient().post("/api/v1/token/", {"username": "lucia", "password": PASSWORD})

    assert turned_away == ["/cuenta/"] * 3
    assert (program.status_code, program.json()["error"]["code"]) == (403, "password_change_required")
    assert (token.status_code, ApiToken.objects.count()) == (400, 0)
    assert "la eligió otra persona" in client.get("/cuenta/").content.decode()
    assert change(client, new=PASSWORD) == 200
    assert change(client) == 302
    assert client.get("/mis-campanias/").status_code == 200
    assert not User.objects.get(username="lucia").must_change_password


def test_a_reset_by_an_administrator_asks_again_and_ends_the_programs() -> None:
    admin, person = UserFactory.create(role=Role.ADMINISTRATOR), UserFactory.create()
    token = token_of(person)
    page = f"/admin/accounts/user/{person.pk}/password/"

    signed_in(admin).post(page, {"password1": NEW, "password2": "distinta"})
    assert (asks(token), User.objects.get(pk=person.pk).must_change_password) == (200, False)

    signed_in(admin).post(page, {"usable_password": "true", "password1": NEW, "password2": NEW})
    assert (asks(token), User.objects.get(pk=person.pk).must_change_password) == (401, True)


def test_ones_own_password_in_the_admin_is_ones_own() -> None:
    admin = UserFactory.create(role=Role.ADMINISTRATOR)

    signed_in(admin).post(
        f"/admin/accounts/user/{admin.pk}/password/", {"usable_password": "true", "password1": NEW, "password2": NEW}
    )

    admin.refresh_from_db()
    assert (admin.check_password(NEW), admin.must_change_password) == (True, False)


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_as_its_hash_alone() -> None:
    token = token_of(UserFactory.create())

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_apitoken")
        assert token not in str(cursor.fetchall())
    assert asks(token) == 200
    assert asks(ApiToken.objects.get().digest) == 401


def test_a_token_ends_by_itself() -> None:
    person, now = UserFactory.create(), timezone.now()
    key, row = api_tokens.issue(person, now=now)

    assert row.expires_at - now == dt.timedelta(days=90)
    assert api_tokens.holder(key, now=row.expires_at - dt.timedelta(seconds=1)) == person
    assert api_tokens.holder(key, now=row.expires_at) is None


@pytest.mark.parametrize("how", ["own page", "command", "shell"])
def test_a_new_password_ends_every_token_whoever_sets_it(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    person = UserFactory.create()
    token = token_of(person)

    if how == "own page":
        change(signed_in(person))
    elif how == "command":
        monkeypatch.setattr("getpass.getpass", lambda *_args, **_kwargs: NEW)
        call_command("changepassword", person.username, verbosity=0)
    else:
        person.set_password(NEW)
        person.save()

    assert asks(token) == 401


def test_a_hash_that_is_only_made_stronger_ends_nothing() -> None:
    person = UserFactory.create()
    token = token_of(person)

    person.set_password(PASSWORD)
    person.save(update_fields=["password"])

    assert asks(token) == 200


def test_a_person_ends_their_programs_and_an_administrator_anybodys() -> None:
    admin, person = UserFactory.create(role=Role.ADMINISTRATOR), UserFactory.create()
    token = token_of(person)
    page = f"/admin/accounts/user/{person.pk}/change/"
    form = {"username": person.username, "role": person.role, "is_active": "on", "time_zone": ""}
    assert token[:6] in signed_in(person).get("/cuenta/").content.decode()
    assert token[:6] in signed_in(admin).get(page).content.decode()

    signed_in(admin).post(page, form)
    assert asks(token) == 200
    signed_in(admin).post(page, {**form, "end_tokens": "on"})
    assert asks(token) == 401

    token = token_of(person)
    signed_in(person).post("/cuenta/accesos/")
    assert asks(token) == 401


def test_whoever_is_sent_away_comes_back_without_their_old_tokens() -> None:
    admin, person = UserFactory.create(role=Role.ADMINISTRATOR), UserFactory.create()
    token = token_of(person)
    page = f"/admin/accounts/user/{person.pk}/change/"
    form = {"username": person.username, "role": person.role, "time_zone": ""}

    signed_in(admin).post(page, form)
    assert asks(token) == 401
    signed_in(admin).post(page, {**form, "is_active": "on"})
    assert asks(token) == 401


def test_a_person_has_so_many_tokens_and_the_newest_stay() -> None:
    person = UserFactory.create()
    keys = [token_of(person) for _ in range(api_tokens.MOST + 1)]

    assert [asks(keys[0]), asks(keys[1]), asks(keys[-1])] == [401, 200, 200]
