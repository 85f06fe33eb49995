"""Every main page at both widths, looked at as a whole."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.enums import Ack, AttemptOutcome, CampaignState, EnvioState, ScheduleState
from campaigns.models import Campaign, Envio
from leadmaster.lib.clock import business_day
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.company import Company
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignEventFactory,
    CampaignFactory,
    EnvioEventFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
    SenderSwitchFactory,
    SessionDayFactory,
    TickFactory,
    running_campaign,
)
from tests.factories.directory import SuppressionFactory
from tests.factories.ops import AlertFactory, HeartbeatFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

pytestmark = pytest.mark.browser
widths = pytest.mark.parametrize("width", [PHONE, DESKTOP])


@pytest.fixture
def running(company: Company) -> Campaign:
    """A campaign with one of everything, and a desk where things happen."""
    session = WhatsAppSessionFactory(
        team=company.team, owner=company.owner, name="Córdoba ventas", phone="+5493512743915"
    )
    campaign = running_campaign(
        owner=company.owner, team=company.team, session=session, name="Reactivación Plan 70/30 · noviembre", envios=12
    )
    ScheduleFactory(campaign=campaign, weekdays="6", windows=[(dt.time(10), dt.time(12))])
    day = SessionDayFactory(session=session, day=business_day(timezone.now(), session.tz), used=44)
    for ack in (Ack.SERVER, Ack.DELIVERED, Ack.READ, Ack.READ):
        envio = EnvioFactory(campaign=campaign, state=EnvioState.SENT, ack=ack)
        AttemptFactory(envio=envio, outcome=AttemptOutcome.SENT, session_day=day, duration_ms=24_300, host="gateway")
    for state in (EnvioState.ERROR, EnvioState.UNCERTAIN, EnvioState.SENT_BY_HAND):
        EnvioFactory(campaign=campaign, state=state, error_text="El gateway no respondió en 90 s")
    CampaignEventFactory(campaign=campaign, by=company.supervisor, reason="Lista para salir")
    RecipientImportFactory(campaign=campaign, by=company.owner, rows=20, accepted=19, invalid=1)
    CampaignFactory(
        owner=company.owner, team=company.team, name="Cobranza amable", state=CampaignState.AWAITING_APPROVAL
    )
    WhatsAppSessionFactory(team=company.team, name="Línea caída", state="DISCONNECTED", paused_at=timezone.now())
    AlertFactory(title="La sesión “Línea caída” no puede enviar", severity="critica", count=3)
    HeartbeatFactory(name="tick")
    SenderSwitchFactory(by=company.supervisor, reason="Volvió la luz")
    SuppressionFactory(created_by=company.supervisor)
    TickFactory(minute=timezone.now())
    return campaign


@widths
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_door(look: OpenPage, company: Company, width: int, dark: bool) -> None:
    eye = look(width, dark=dark)
    eye.go("/login/")
    eye.check("login-dark" if dark else "login")


@widths
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_home(look: OpenPage, company: Company, running: Campaign, width: int, dark: bool) -> None:
    eye = look(width, company.supervisor, dark=dark)
    eye.go("/admin/")
    eye.check("home-dark" if dark else "home")


@widths
def test_an_empty_home(look: OpenPage, company: Company, width: int) -> None:
    eye = look(width, company.supervisor)
    eye.go("/admin/")
    eye.check("home-empty")


@widths
@pytest.mark.parametrize(
    "path",
    [
        "campaigns/campaign",
        "campaigns/campaign/add",
        "campaigns/envio",
        "campaigns/uncertainenvio",
        "campaigns/senderswitch",
        "campaigns/senderswitch/turn/off",
        "campaigns/tick",
        "campaigns/attempt",
        "whatsapp/whatsappsession",
        "whatsapp/whatsappsession/add",
        "directory/suppression",
        "directory/suppression/add",
        "ops/alert",
        "ops/heartbeat",
    ],
)
def test_the_lists_and_forms(look: OpenPage, company: Company, running: Campaign, width: int, path: str) -> None:
    eye = look(width, company.supervisor)
    eye.go(f"/admin/{path}/")
    eye.check(path.replace("/", "-"))


@widths
def test_the_page_of_a_running_campaign(look: OpenPage, company: Company, running: Campaign, width: int) -> None:
    eye = look(width, company.supervisor)
    eye.go(reverse("admin:campaigns_campaign_change", args=[running.pk]))
    eye.check("campaign-running")


@widths
def test_the_page_of_a_draft(look: OpenPage, company: Company, width: int) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, columns=["ciudad", "saldo"])
    ScheduleFactory(campaign=campaign, state=ScheduleState.PENDING)
    eye = look(width, company.supervisor)
    eye.go(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
    eye.check("campaign-draft")


@widths
def test_the_page_of_a_message(look: OpenPage, company: Company, running: Campaign, width: int) -> None:
    envio = Envio.objects.get(state=EnvioState.UNCERTAIN)
    AttemptFactory(envio=envio, outcome=AttemptOutcome.UNKNOWN, code="TIMEOUT", detail="No hubo respuesta")
    EnvioEventFactory(envio=envio, reason="Venció el plazo")
    eye = look(width, company.supervisor)
    eye.go(reverse("admin:campaigns_envio_change", args=[envio.pk]))
    eye.check("envio")


@widths
def test_people_and_teams(look: OpenPage, company: Company, width: int) -> None:
    eye = look(width, company.administrator)
    for path in ("accounts/user", "accounts/user/add", "accounts/team", "accounts/team/add"):
        eye.go(f"/admin/{path}/")
        eye.check(path.replace("/", "-"))
    eye.go(reverse("admin:accounts_user_change", args=[company.owner.pk]))
    eye.check("accounts-user-change")


@widths
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_promoters_campaigns(look: OpenPage, company: Company, running: Campaign, width: int, dark: bool) -> None:
    eye = look(width, company.owner, dark=dark)
    eye.go("/mis-campanias/")
    eye.check("promoter-dark" if dark else "promoter")
