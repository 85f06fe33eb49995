"""The promoters' desk at both widths, light and dark: every page, and the way from asking to a sale."""

from __future__ import annotations

import pytest
from django.utils import timezone

from campaigns.enums import CampaignState
from campaigns.models import Campaign
from leadmaster.accounts.models import User
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.models import Opportunity, Promoter, Sale
from opportunities.own_campaigns import Choice, NewCampaign, draft_campaign
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

pytestmark = pytest.mark.browser
widths = pytest.mark.parametrize("width", [PHONE, DESKTOP])


@pytest.fixture
def promoter(transactional_db: None) -> Promoter:
    """Somebody with three opportunities in hand and more to ask for."""
    Funnel()
    promoter = PromoterFactory()
    ClientFactory.create_batch(8)
    request_lot(promoter, Filters(), 3, key="antes", now=timezone.now())
    line = WhatsAppSessionFactory(owner=promoter.user, team=promoter.desk.team, region="MX")
    asked = NewCampaign(name="Seguimiento", template="Hola {nombre}", session=line, choice=Choice())
    draft_campaign(promoter, asked, key="antes", now=timezone.now())
    return promoter


@widths
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("day", "/"),
        ("list", "/oportunidades/"),
        ("opportunity", "/oportunidades/{row}/"),
        ("request", "/pedir/?province=Jalisco"),
        ("lot", "/lotes/{lot}/"),
        ("capture", "/captar/"),
        ("write", "/oportunidades/escribir/"),
        ("campaigns", "/mis-campanias/"),
        ("campaign", "/mis-campanias/{campaign}/"),
    ],
)
def test_the_desks_pages(look: OpenPage, promoter: Promoter, width: int, dark: bool, name: str, path: str) -> None:
    row = Opportunity.objects.order_by("id")[0]
    eye = look(width, promoter.user, dark=dark)

    eye.go(path.format(row=row.pk, lot=row.lot_id, campaign=Campaign.objects.get().pk))

    eye.check(f"desk-{name}{'-dark' if dark else ''}")


@widths
def test_from_asking_to_a_sale(look: OpenPage, promoter: Promoter, width: int) -> None:
    eye = look(width, promoter.user)
    page = eye.page
    eye.go("/pedir/")
    page.get_by_label("Provincia o estado").select_option("Jalisco")
    page.get_by_label("Ciudad").wait_for()
    page.get_by_label("¿Cuántas quieres?").fill("1")
    page.get_by_role("button", name="Una más").click()
    page.get_by_role("button", name="Pedir", exact=True).click()
    page.get_by_text("Recibiste 2 oportunidades.").wait_for()
    page.get_by_role("link", name="Abrir").first.click()
    page.locator("#bar-move").click()
    page.get_by_role("button", name="Contactada").click()
    page.get_by_text("pasó a “Contactada”").wait_for()
    page.locator("#bar-move").click()
    page.locator("summary", has_text="Venta").click()
    page.get_by_label("Monto").fill("1500.50")
    page.get_by_role("button", name="Registrar la venta").click()
    page.get_by_text("¡Venta registrada!").wait_for()

    assert str(Sale.objects.get().amount) == "1500.50"
    assert Opportunity.objects.count() == 5


@widths
def test_from_the_list_to_a_campaign_that_waits_for_approval(look: OpenPage, promoter: Promoter, width: int) -> None:
    eye = look(width, promoter.user)
    page = eye.page
    eye.go("/oportunidades/")
    page.get_by_role("link", name="Escribirles").click()
    page.locator("summary", has_text="elige una por una").click()
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_label("Mensaje", exact=True).fill("Hola {nombre}, ¿te llamo hoy?")
    page.locator("#preview", has_text="¿te llamo hoy?").wait_for()
    page.get_by_role("button", name="Preparar el borrador").click()
    page.get_by_role("heading", name="2 personas").wait_for()
    page.get_by_role("button", name="Enviar a aprobar").click()
    page.get_by_text("espera la aprobación de tu supervisor").wait_for()

    assert Campaign.objects.filter(state=CampaignState.AWAITING_APPROVAL).count() == 1
    eye.check_quiet()


def test_the_button_of_a_used_page_does_not_come_back(look: OpenPage, promoter: Promoter) -> None:
    eye = look(PHONE, promoter.user)
    eye.go("/pedir/")
    first = eye.page.locator("[name=key]").input_value()
    eye.page.get_by_role("button", name="Pedir", exact=True).click()
    eye.page.get_by_text("Recibiste").wait_for()

    eye.page.go_back()
    eye.page.wait_for_load_state("networkidle")

    assert eye.page.locator("[name=key]").input_value() != first


def test_the_phone_is_judged_while_it_is_typed(look: OpenPage, promoter: Promoter) -> None:
    calendar = promoter.desk.calendar
    calendar.time_zone = "America/Mexico_City"
    calendar.save()
    user: User = promoter.user
    eye = look(PHONE, user)
    eye.go("/captar/")

    eye.page.get_by_label("Teléfono", exact=True).press_sequentially("33 1234 5678", delay=20)

    eye.page.get_by_text("+52 33 1234 5678: libre").wait_for()
