"""People and teams: administrators write them, nobody else sees the page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from tests import desk as desks
from tests.desk import Desk, signed_in

LIST = "/admin/accounts/user/"
SECRET = "una-clave-larga-y-rara"


@pytest.fixture
def desk(db: None) -> Desk:
    return desks.build()


def new_person(**values: object) -> dict[str, object]:
    return {
        "username": "lucia",
        "first_name": "Lucía",
        "last_name": "Ruiz",
        "email": "lucia@example.com",
        "role": Role.PROMOTER,
        "usable_password": "true",
        "password1": SECRET,
        "password2": SECRET,
        **values,
    }


@pytest.mark.parametrize(
    ("role", "staff"), [(Role.PROMOTER, False), (Role.SUPERVISOR, True), (Role.ADMINISTRATOR, True)]
)
def test_the_role_alone_decides_who_comes_to_the_desk(desk: Desk, role: Role, staff: bool) -> None:
    signed_in(desk.administrator).post(f"{LIST}add/", new_person(role=role))

    assert User.objects.get(username="lucia").is_staff is staff


def test_a_supervisor_who_becomes_a_promoter_leaves_the_desk(desk: Desk) -> None:
    data = {"username": desk.supervisor.username, "role": Role.PROMOTER, "is_active": "on", "time_zone": ""}

    signed_in(desk.administrator).post(reverse("admin:accounts_user_change", args=[desk.supervisor.pk]), data)

    desk.supervisor.refresh_from_db()
    assert (desk.supervisor.role, desk.supervisor.is_staff) == (Role.PROMOTER, False)


def test_a_time_zone_that_does_not_exist_is_refused(desk: Desk) -> None:
    data = {"username": desk.owner.username, "role": Role.PROMOTER, "is_active": "on", "time_zone": "Mars/Base"}

    response = signed_in(desk.administrator).post(reverse("admin:accounts_user_change", args=[desk.owner.pk]), data)

    assert "America/Mexico_City" in response.content.decode()
    desk.owner.refresh_from_db()
    assert desk.owner.time_zone == ""


@pytest.mark.parametrize("page", ["accounts/user", "accounts/team"])
def test_supervisors_do_not_decide_who_works_here(desk: Desk, page: str) -> None:
    client = signed_in(desk.supervisor)

    assert client.get(f"/admin/{page}/").status_code == 403
    assert client.post(f"/admin/{page}/add/", new_person(role=Role.ADMINISTRATOR)).status_code == 403
    assert not User.objects.filter(username="lucia").exists()


def test_people_end_by_leaving_not_by_being_deleted(desk: Desk) -> None:
    address = reverse("admin:accounts_user_delete", args=[desk.owner.pk])

    assert signed_in(desk.administrator).post(address, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=desk.owner.pk).exists()


def test_an_administrator_makes_a_team(desk: Desk) -> None:
    data = {"name": "Rosario", "supervisors": [desk.supervisor.pk], "members": [desk.owner.pk]}

    signed_in(desk.administrator).post("/admin/accounts/team/add/", data)

    team = Team.objects.get(name="Rosario")
    assert (team.supervisors.get(), team.members.get()) == (desk.supervisor, desk.owner)
    assert "Rosario" in signed_in(desk.administrator).get("/admin/accounts/team/").content.decode()


def test_the_list_of_people_shows_names_and_roles(desk: Desk) -> None:
    page = signed_in(desk.administrator).get(LIST).content.decode()

    assert desk.supervisor.get_full_name() in page
    assert "Supervisor" in page


def test_an_administrator_grants_one_supervisor_more_and_the_role_takes_it_back(desk: Desk) -> None:
    page = reverse("admin:accounts_user_change", args=[desk.supervisor.pk])
    data = {"username": desk.supervisor.username, "role": Role.SUPERVISOR, "is_active": "on", "time_zone": ""}
    administrator = signed_in(desk.administrator)

    administrator.post(page, {**data, "extras": "opportunities.exceed_quota"})
    assert User.objects.get(pk=desk.supervisor.pk).has_perm("opportunities.exceed_quota")
    assert "checked" in administrator.get(page).content.decode().partition('name="extras"')[2][:200]

    administrator.post(page, {**data, "role": Role.PROMOTER, "extras": "opportunities.exceed_quota"})
    assert not User.objects.get(pk=desk.supervisor.pk).has_perm("opportunities.exceed_quota")


def test_nothing_but_the_named_extras_is_granted(desk: Desk) -> None:
    page = reverse("admin:accounts_user_change", args=[desk.supervisor.pk])
    data = {"username": desk.supervisor.username, "role": Role.SUPERVISOR, "is_active": "on", "time_zone": ""}

    signed_in(desk.administrator).post(page, {**data, "extras": "accounts.delete_user"})

    assert not User.objects.get(pk=desk.supervisor.pk).has_perm("accounts.delete_user")
