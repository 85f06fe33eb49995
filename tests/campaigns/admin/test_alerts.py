"""Alerts: whom they concern, and who says that they are over."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns.admin.alert import visible_alerts
from campaigns.brakes.template import alert_key
from campaigns.enums import CampaignState
from campaigns.health import check_brakes
from leadmaster.accounts.models import User
from leadmaster.ops.models import Alert
from tests.company import Company, signed_in, told
from tests.factories.campaigns import CampaignFactory, WrittenReplyFactory
from tests.factories.ops import AlertFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import State

LIST = "/admin/ops/alert/"


def resolve(alert: Alert) -> str:
    return reverse("admin:ops_alert_resolve", args=[alert.pk])


def test_trouble_of_one_row_is_shown_to_whoever_sees_the_row(company: Company) -> None:
    session = WhatsAppSessionFactory(team=company.team)
    campaign = CampaignFactory(team=company.other_team)
    AlertFactory(key=f"session:{session.pk}", title="De la sesión")
    AlertFactory(key=f"campaign:{campaign.pk}", title="De la campaña")
    AlertFactory(key="tick_late", title="De todos")

    def seen(user: object) -> set[str]:
        page = signed_in(user).get(LIST).content.decode()  # type: ignore[arg-type]
        return {title for title in ("De la sesión", "De la campaña", "De todos") if title in page}

    assert seen(company.supervisor) == {"De la sesión", "De todos"}
    assert seen(company.stranger) == {"De la campaña", "De todos"}
    assert seen(company.administrator) == {"De la sesión", "De la campaña", "De todos"}


def test_a_reply_is_its_lines_and_a_template_its_campaigns(company: Company) -> None:
    reply = WrittenReplyFactory(session=WhatsAppSessionFactory(team=company.team))
    campaign = CampaignFactory(team=company.other_team)
    AlertFactory(key=f"envio-conflict:{reply.pk}", title="De la respuesta")
    AlertFactory(key=alert_key(campaign.pk), title="De la plantilla")
    AlertFactory(key=f"callback-secret:{reply.session.pk}", title="De los acuses")

    def seen(user: User) -> set[str]:
        return set(visible_alerts(user).values_list("title", flat=True))

    assert seen(company.supervisor) == {"De la respuesta", "De los acuses"}
    assert seen(company.stranger) == {"De la plantilla"}


def test_what_is_told_of_a_template_ends_with_its_campaign(db: None) -> None:
    over, held = CampaignFactory(state=CampaignState.CANCELLED), CampaignFactory(state=CampaignState.PAUSED)
    for campaign in (over, held):
        AlertFactory(key=alert_key(campaign.pk))

    assert [result.key for result in check_brakes(timezone.now())] == [alert_key(over.pk)]


def test_get_changes_nothing(company: Company) -> None:
    alert = AlertFactory(title="El gateway no responde")

    assert "El gateway no responde" in signed_in(company.supervisor).get(resolve(alert)).content.decode()
    alert.refresh_from_db()
    assert alert.resolved_at is None


def test_post_resolves_it_with_its_author(company: Company) -> None:
    alert = AlertFactory()

    response = signed_in(company.supervisor).post(resolve(alert))

    assert told(response) == ["Alerta resuelta."]
    alert.refresh_from_db()
    assert (alert.resolved_by, alert.open_key) == (company.supervisor, None)


def test_one_that_is_over_stays_as_it_was(company: Company) -> None:
    over = AlertFactory(resolved_at=timezone.now(), key="tick_late")
    reopened = AlertFactory(key="tick_late")

    response = signed_in(company.supervisor).post(resolve(over))

    assert told(response) == ["Esta alerta ya estaba resuelta."]
    reopened.refresh_from_db()
    assert reopened.resolved_at is None


@pytest.mark.parametrize(("who", "status"), [("stranger", 404), ("owner", 302)])
def test_it_is_not_resolved_by_others(company: Company, who: str, status: int) -> None:
    session = WhatsAppSessionFactory(team=company.team)
    alert = AlertFactory(key=f"session:{session.pk}")

    assert signed_in(getattr(company, who)).post(resolve(alert)).status_code == status
    alert.refresh_from_db()
    assert alert.resolved_at is None


def test_page_and_list_say_what_to_do_and_lead_there(company: Company) -> None:
    line = WhatsAppSessionFactory(team=company.team, state=State.DISCONNECTED, paired_at=timezone.now())
    alert = AlertFactory(
        key=f"session:{line.pk}", title="Se cortó", body="Una frase " + "muy larga " * 30 + "y su final."
    )
    connect = reverse("admin:whatsapp_whatsappsession_connect", args=[line.pk])
    browser = signed_in(company.supervisor)

    for page in (LIST, reverse("admin:ops_alert_change", args=[alert.pk])):
        shown = browser.get(page).content.decode()
        assert f'href="{connect}"' in shown
        assert "y su final." in shown
    assert "Qué hacer:" in browser.get(reverse("admin:ops_alert_change", args=[alert.pk])).content.decode()


@pytest.mark.parametrize("rows", [1, 4])
def test_what_to_do_costs_one_question_for_the_whole_list(
    company: Company, rows: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        AlertFactory(key=f"session:{WhatsAppSessionFactory(team=company.team).pk}")
    browser = signed_in(company.supervisor)

    with django_assert_max_num_queries(14):
        browser.get(LIST)
