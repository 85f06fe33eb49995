"""What people do all day, done by them: with the mouse, on a phone, and by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.company import Company
from tests.factories.accounts import PASSWORD
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory, running_campaign
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp.models import State

pytestmark = pytest.mark.browser
widths = pytest.mark.parametrize("width", [PHONE, DESKTOP])

CSV = "Nombre;Celular;Ciudad\nAna Sosa;351 274-3915;Córdoba\nLuis Ruiz;351 274-3916;Rosario\nEva;nada;Salta\n"


@widths
def test_from_an_empty_desk_to_a_running_campaign(look: OpenPage, company: Company, width: int, tmp_path: Path) -> None:
    WhatsAppSessionFactory(team=company.team, name="Córdoba ventas")
    file = tmp_path / "lista.csv"
    file.write_text(CSV, encoding="cp1252")
    eye = look(width, company.supervisor)
    page = eye.page

    # Write it, with when it may go out.
    page.get_by_role("link", name="Crear una campaña").click()
    page.get_by_label("Nombre").fill("Fin de año")
    page.get_by_label("Sesión de WhatsApp").select_option(label="Córdoba ventas")
    page.locator("#id_template").fill("Hola ")
    page.get_by_role("button", name="{nombre}").click()
    assert page.locator("#id_template").input_value() == "Hola {nombre}"
    page.locator("#id_template").press_sequentially(" de {ciudad}")
    page.locator("[name=schedules-0-weekdays][value='5']").check()
    page.locator("[name=schedules-0-windows_opens]").first.fill("09:00")
    page.locator("[name=schedules-0-windows_closes]").first.fill("13:00")
    page.locator("[name=schedules-0-starts_on]").fill("2026-12-01")
    page.get_by_role("button", name="Guardar").click()

    # Bring the people.
    page.get_by_role("link", name="Importar destinatarios").click()
    page.get_by_label("Archivo de destinatarios").set_input_files(file)
    page.get_by_role("button", name="Subir y revisar").click()
    page.get_by_text("{ciudad}").wait_for()
    eye.check("story-columns")
    page.get_by_role("button", name="Importar").click()
    page.get_by_text("Terminada").wait_for()
    eye.check("story-import")
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar el informe").click()
    assert "informe-lista.csv" in download.value.suggested_filename
    page.get_by_role("link", name="Volver a la campaña").click()

    # Submit, approve, launch.
    for button, state in (
        ("Enviar a aprobar", "Por aprobar"),
        ("Aprobar", "Aprobada"),
        ("Poner en marcha", "En progreso"),
    ):
        page.locator("#campaign-live").get_by_role("link", name=button, exact=True).click()
        page.get_by_text("Hola Ana Sosa de Córdoba").wait_for()
        eye.check(f"story-{button.lower().replace(' ', '-')}")
        page.get_by_role("button", name=button).click()
        page.locator("#campaign-live .lm-badge", has_text=state).wait_for()
    eye.check("story-launched")

    campaign = Campaign.objects.get()
    assert campaign.state == CampaignState.RUNNING
    assert campaign.schedules.get().weekdays == "012345"
    assert sorted(campaign.envios.values_list("text", flat=True)) == [
        "Hola Ana Sosa de Córdoba",
        "Hola Luis Ruiz de Rosario",
    ]


@widths
def test_progress_moves_without_reloading_and_rests_while_nobody_looks(
    look: OpenPage, company: Company, width: int
) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team, envios=1)
    eye = look(width, company.supervisor)
    page = eye.page
    page.clock.install()
    eye.go(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
    live = reverse("admin:campaigns_campaign_live", args=[campaign.pk])

    EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    page.clock.run_for(10_500)
    page.get_by_text("1 de 2 terminados").wait_for()

    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    asked = len([url for url in eye.requests if url.endswith(live)])
    page.clock.run_for(60_000)
    assert len([url for url in eye.requests if url.endswith(live)]) == asked

    EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => false, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("2 de 3 terminados").wait_for()


@widths
def test_cancelling_shows_what_it_takes_before_it_takes_it(look: OpenPage, company: Company, width: int) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    EnvioFactory(campaign=campaign, name="Ana Sosa")
    eye = look(width, company.supervisor)
    page = eye.page
    eye.go(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    page.get_by_role("link", name="Cancelar campaña").click()
    page.get_by_text("Ana Sosa").wait_for()
    eye.check("story-cancel")
    page.get_by_role("button", name="Cancelar campaña").click()
    page.get_by_text("Escribe el motivo").wait_for()
    page.get_by_label("Motivo").fill("Precio equivocado")
    page.get_by_role("button", name="Cancelar campaña").click()

    page.locator("#campaign-live .lm-badge", has_text="Cancelada").wait_for()
    assert Envio.objects.get().state == EnvioState.CANCELLED


@widths
def test_uncertain_ones_are_decided_together(look: OpenPage, company: Company, width: int) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    EnvioFactory.create_batch(2, campaign=campaign, state=EnvioState.UNCERTAIN)
    eye = look(width, company.supervisor)
    page = eye.page
    eye.go("/admin/campaigns/uncertainenvio/")

    for box in page.locator("input.action-select:not([id=action-toggle])").all():
        if box.is_visible():
            box.check()
    page.get_by_role("button", name="Decidir sobre los elegidos").click()
    page.get_by_text("¿Qué pasó con estos mensajes?").wait_for()
    eye.check("story-decide")
    page.get_by_text("No llegó: dejarlo así").click()
    page.get_by_label("¿Cómo lo sabes?").fill("Lo vi en el teléfono")
    page.get_by_role("button", name="Guardar la decisión").click()

    page.get_by_text("2 mensajes decididos.").wait_for()
    assert set(Envio.objects.values_list("state", flat=True)) == {EnvioState.ERROR}


@widths
def test_a_phone_is_paired_on_screen(look: OpenPage, company: Company, simulator: Simulator, width: int) -> None:
    simulator.set_tenant("51", state="DISCONNECTED")
    session = WhatsAppSessionFactory(
        team=company.team, tenant_id="51", base_url=simulator.base_url, state=State.DISCONNECTED
    )
    eye = look(width, company.supervisor)
    page = eye.page
    eye.go(reverse("admin:whatsapp_whatsappsession_change", args=[session.pk]))

    page.get_by_role("link", name="Conectar").click()
    page.get_by_role("button", name="Conectar").click()
    page.locator("svg.lm-qr").wait_for()
    first = page.locator("svg.lm-qr").inner_html()
    assert int(page.locator("[data-until]").inner_text()) > 0
    eye.check("story-pairing")
    # The code expires and the next one comes by itself.
    simulator.advance(61)
    page.wait_for_function("before => document.querySelector('svg.lm-qr')?.innerHTML !== before", arg=first)
    simulator.scan("51")
    simulator.advance(30)
    page.get_by_text("¡Teléfono vinculado!").wait_for()
    eye.check("story-paired")

    session.refresh_from_db()
    assert session.state == State.READY


def test_a_promoter_stops_a_campaign_with_one_thumb(look: OpenPage, company: Company) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team, name="Reactivación", envios=3)
    eye = look(PHONE)
    page = eye.page
    eye.log_in(company.owner.username, PASSWORD)

    page.get_by_role("button", name="Pausar").click()
    page.get_by_text("“Reactivación” quedó en pausa").wait_for()
    eye.check("story-promoter-paused")
    assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.PAUSED

    page.get_by_role("button", name="Reanudar").click()
    page.get_by_text("“Reactivación” sigue enviando").wait_for()
    page.get_by_role("button", name="Salir").click()
    page.get_by_role("heading", name="Entra a tu cuenta").wait_for()


def test_everything_that_matters_is_reached_by_keyboard(look: OpenPage, company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.RUNNING)
    ScheduleFactory(campaign=campaign)
    eye = look(DESKTOP, company.supervisor)
    page = eye.page
    eye.go(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    page.locator("#campaign-live").get_by_role("link", name="Pausar").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Motivo (opcional)").wait_for()
    page.get_by_label("Motivo (opcional)").focus()
    page.keyboard.type("Feriado")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Pausar"
    page.keyboard.press("Enter")

    page.locator("#campaign-live .lm-badge", has_text="Pausada").wait_for()
    assert campaign.events.get().reason == "Feriado"
