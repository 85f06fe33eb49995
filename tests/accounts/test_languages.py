"""Each person reads their own language, else their team's, else what their browser asks for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy, ngettext

from leadmaster.accounts.languages import language_of, of_zone, speaking_to
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from tests.company import Company, build, signed_in
from tests.factories.accounts import PASSWORD, TeamFactory, UserFactory
from tests.factories.calendars import OperatingCalendarFactory

pytestmark = pytest.mark.django_db

_IN = {"es": "Cambiar la contraseña", "pt-br": "Mudar a senha", "en": "Change the password"}


@pytest.fixture(autouse=True)
def _language_restored() -> Iterator[None]:
    """A request's language stays with the thread that served it, which here is the next test's."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def company() -> Company:
    return build()


def shown(user: User, *, asks: str = "") -> str:
    """The language in which this person's page is, as the page itself says it."""
    page = signed_in(user).get("/cuenta/", headers={"accept-language": asks} if asks else {}).content.decode()
    code = page.partition('<html lang="')[2].partition('"')[0]
    if code in _IN:
        assert _IN[code] in page
    return code


@pytest.mark.parametrize(
    ("person", "team", "browser", "expected"),
    [
        ("", "", "", "es"),
        ("", "", "en", "en"),
        ("", "", "es-AR,es;q=0.9", "es-ar"),
        ("", "", "es-MX,es;q=0.9", "es"),
        ("", "", "pt-BR", "pt-br"),
        ("", "pt-br", "en", "pt-br"),
        ("en", "pt-br", "es-AR", "en"),
        ("es", "es-ar", "en", "es"),
        ("", "fr", "en", "en"),
    ],
)
def test_the_person_decides_then_the_team_then_the_browser(
    person: str, team: str, browser: str, expected: str, company: Company
) -> None:
    Team.objects.filter(pk=company.team.pk).update(language=team)
    User.objects.filter(pk=company.owner.pk).update(language=person)

    assert shown(company.owner, asks=browser) == expected


def test_a_supervisor_reads_the_language_of_the_team_and_strangers_their_own(company: Company) -> None:
    Team.objects.filter(pk=company.team.pk).update(language="pt-br")

    assert shown(company.supervisor) == "pt-br"
    assert shown(company.stranger) == "es"
    assert shown(company.administrator, asks="en") == "en"


def test_the_language_costs_no_question_of_its_own(company: Company) -> None:
    browser = signed_in(company.owner)
    browser.get("/cuenta/")

    with CaptureQueriesContext(
        connection,
    ) as without:
        browser.get("/cuenta/")
    Team.objects.filter(pk=company.team.pk).update(language="pt-br")
    with CaptureQueriesContext(connection) as spoken:
        browser.get("/cuenta/")

    assert len(spoken) == len(without)


def test_what_reaches_a_person_without_a_page_is_said_in_their_language(company: Company) -> None:
    Team.objects.filter(pk=company.team.pk).update(language="pt-br")
    sentence = gettext_lazy("Recordatorio")

    with speaking_to(User.objects.get(pk=company.owner.pk)):
        assert str(sentence) == "Lembrete"
    with translation.override("en"), speaking_to(company.stranger):
        assert str(sentence) == "Recordatorio"


def test_a_person_chooses_their_language_and_is_answered_in_it(company: Company) -> None:
    browser = signed_in(company.owner)

    page = browser.post("/cuenta/idioma/", {"language": "pt-br"}, follow=True).content.decode()

    assert User.objects.get(pk=company.owner.pk).language == "pt-br"
    assert "Idioma salvo." in page
    assert 'lang="pt-br"' in page


def test_no_language_but_ours_is_taken(company: Company) -> None:
    page = signed_in(company.owner).post("/cuenta/idioma/", {"language": "klingon"}, follow=True).content.decode()

    assert User.objects.get(pk=company.owner.pk).language == ""
    assert "Elige uno de los idiomas de la lista." in page


def test_administrators_choose_it_for_persons_and_teams(company: Company) -> None:
    browser = signed_in(company.administrator)
    browser.post(
        f"/admin/accounts/team/{company.team.pk}/change/",
        {
            "name": "Porto Alegre",
            "language": "pt-br",
            "members": [company.owner.pk, company.colleague.pk],
            "supervisors": [company.supervisor.pk],
        },
    )
    browser.post(
        f"/admin/accounts/user/{company.owner.pk}/change/",
        {
            "username": company.owner.username,
            "role": Role.PROMOTER,
            "is_active": "on",
            "time_zone": "",
            "language": "en",
        },
    )

    assert Team.objects.get(pk=company.team.pk).language == "pt-br"
    assert User.objects.get(pk=company.owner.pk).language == "en"


def test_a_new_team_is_offered_the_language_of_the_country_here(company: Company) -> None:
    page = signed_in(company.administrator).get("/admin/accounts/team/add/").content.decode()

    assert '<option value="es-ar" selected>' in page


@pytest.mark.parametrize(
    ("zone", "language"),
    [
        ("America/Argentina/Cordoba", "es-ar"),
        ("America/Buenos_Aires", "es-ar"),
        ("America/Mexico_City", "es"),
        ("America/Sao_Paulo", "pt-br"),
        ("Europe/Paris", ""),
        ("UTC", ""),
    ],
)
def test_a_country_speaks_its_language(zone: str, language: str) -> None:
    assert of_zone(zone) == language


def test_teams_that_are_there_already_read_the_language_of_where_they_work() -> None:
    brazil, mexico, nowhere = TeamFactory(), TeamFactory(), TeamFactory()
    OperatingCalendarFactory(team=brazil, time_zone="America/Sao_Paulo")
    OperatingCalendarFactory(team=mexico, time_zone="America/Mexico_City")
    UserFactory(username="Diego")
    UserFactory(username="Ana")
    UserFactory(username="ana.")

    migration = importlib.import_module("leadmaster.accounts.migrations.0007_languages")
    migration.fill_teams(apps, None)
    migration.write_names_in_one_way(apps, None)

    assert [Team.objects.get(pk=team.pk).language for team in (brazil, mexico, nowhere)] == ["pt-br", "es", "es-ar"]
    assert set(User.objects.values_list("username", flat=True)) == {"diego", "ana", "ana."}


@pytest.mark.parametrize("typed", ["diego", "Diego", "DIEGO", "ＤＩＥＧＯ"])
def test_capitals_keep_nobody_out(typed: str) -> None:
    UserFactory(username="diego")

    assert Client().post("/login/", {"username": typed, "password": PASSWORD}).status_code == 302


def test_two_accounts_never_differ_by_capitals_alone() -> None:
    UserFactory(username="diego")

    with pytest.raises(ValidationError) as refused:
        User(username="Diego", password="x").full_clean()
    assert "username" in refused.value.message_dict
    assert User.objects.create_user("Sofia").username == "sofia"


def test_capitals_buy_no_more_tries() -> None:
    UserFactory(username="diego")
    browser = Client()
    spellings = ["diego", "Diego", "dIego", "diEgo", "dieGo", "diegO", "DIego", "DIEgo"]

    for name in spellings:
        browser.post("/login/", {"username": name, "password": "equivocada"})

    assert browser.post("/login/", {"username": "diego", "password": PASSWORD}).status_code == 429


def test_argentina_says_vos_and_falls_back_to_spanish() -> None:
    lazily = gettext_lazy("No tienes permiso para hacer esto.")
    with translation.override("es-ar"):
        assert str(lazily) == "No tenés permiso para hacer esto."
        assert gettext("Campañas en curso") == "Campañas en curso"
        # The theme's English, which our Spanish says and Argentina's does not.
        assert gettext("Reset filters") == "Quitar filtros"
        assert (
            ngettext("%(n)s oportunidad venció", "%(n)s oportunidades vencieron", 2) == "%(n)s oportunidades vencieron"
        )
    assert str(lazily) == "No tienes permiso para hacer esto."


def test_a_language_that_the_product_lost_is_none(company: Company) -> None:
    company.owner.language = "fr"

    assert language_of(company.owner) == ""
