"""People and teams: administrators write them, nobody else sees the page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from tests import company as companies
from tests.company import Company, signed_in

LIST = "/admin/accounts/user/"
SECRET = "una-clave-larga-y-rara"


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


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
def test_the_role_alone_decides_who_comes_to_the_desk(company: Company, role: Role, staff: bool) -> None:
    signed_in(company.administrator).post(f"{LIST}add/", new_person(role=role))

    assert User.objects.get(username="lucia").is_staff is staff


def test_a_supervisor_who_becomes_a_promoter_leaves_the_desk(company: Company) -> None:
    data = {"username": company.supervisor.username, "role": Role.PROMOTER, "is_active": "on", "time_zone": ""}

    signed_in(company.administrator).post(reverse("admin:accounts_user_change", args=[company.supervisor.pk]), data)

    company.supervisor.refresh_from_db()
    assert (company.supervisor.role, company.supervisor.is_staff) == (Role.PROMOTER, False)


def test_a_time_zone_that_does_not_exist_is_refused(company: Company) -> None:
    data = {"username": company.owner.username, "role": Role.PROMOTER, "is_active": "on", "time_zone": "Mars/Base"}

    response = signed_in(company.administrator).post(
        reverse("admin:accounts_user_change", args=[company.owner.pk]), data
    )

    assert "America/Mexico_City" in response.content.decode()
    company.owner.refresh_from_db()
    assert company.owner.time_zone == ""


@pytest.mark.parametrize("page", ["accounts/user", "accounts/team"])
def test_supervisors_do_not_decide_who_works_here(company: Company, page: str) -> None:
    client = signed_in(company.supervisor)

    assert client.get(f"/admin/{page}/").status_code == 403
    assert client.post(f"/admin/{page}/add/", new_person(role=Role.ADMINISTRATOR)).status_code == 403
    assert not User.objects.filter(username="lucia").exists()


def test_people_end_by_leaving_not_by_being_deleted(company: Company) -> None:
    address = reverse("admin:accounts_user_delete", args=[company.owner.pk])

    assert signed_in(company.administrator).post(address, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=company.owner.pk).exists()


def test_an_administrator_makes_a_team(company: Company) -> None:
    data = {"name": "Rosario", "supervisors": [company.supervisor.pk], "members": [company.owner.pk]}

    signed_in(company.administrator).post("/admin/accounts/team/add/", data)

    team = Team.objects.get(name="Rosario")
    assert (team.supervisors.get(), team.members.get()) == (company.supervisor, company.owner)
    assert "Rosario" in signed_in(company.administrator).get("/admin/accounts/team/").content.decode()


def test_the_list_of_people_shows_names_and_roles(company: Company) -> None:
    page = signed_in(company.administrator).get(LIST).content.decode()

    assert company.supervisor.get_full_name() in page
    assert "Supervisor" in page


def test_an_administrator_grants_one_supervisor_more_and_the_role_takes_it_back(company: Company) -> None:
    page = reverse("admin:accounts_user_change", args=[company.supervisor.pk])
    data = {"username": company.supervisor.username, "role": Role.SUPERVISOR, "is_active": "on", "time_zone": ""}
    administrator = signed_in(company.administrator)

    administrator.post(page, {**data, "extras": "opportunities.exceed_quota"})
    assert User.objects.get(pk=company.supervisor.pk).has_perm("opportunities.exceed_quota")
    assert "checked" in administrator.get(page).content.decode().partition('name="extras"')[2][:200]

    administrator.post(page, {**data, "role": Role.PROMOTER, "extras": "opportunities.exceed_quota"})
    assert not User.objects.get(pk=company.supervisor.pk).has_perm("opportunities.exceed_quota")


def test_nothing_but_the_named_extras_is_granted(company: Company) -> None:
    page = reverse("admin:accounts_user_change", args=[company.supervisor.pk])
    data = {"username": company.supervisor.username, "role": Role.SUPERVISOR, "is_active": "on", "time_zone": ""}

    signed_in(company.administrator).post(page, {**data, "extras": "accounts.delete_user"})

    assert not User.objects.get(pk=company.supervisor.pk).has_perm("accounts.delete_user")
