"""A second run changes nothing, and one that was killed is gone on with."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from campaigns import lifecycle
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio
from leadmaster.legacy import work
from leadmaster.legacy.models import ImportedRow
from tests.factories.accounts import UserFactory
from tests.legacy.conftest import Import, Load
from tests.legacy.old import DAY, Old, phone

pytestmark = [pytest.mark.old_server, pytest.mark.django_db]

NOW = timezone.now()


class Killed(BaseException):
    """As by a signal: nobody catches it."""


def whole() -> Old:
    """Something of everything."""
    old = Old()
    old.people()
    old.campaign()
    old.run(range(700, 730), lugar_id=1)
    old.envio(1, at=DAY - dt.timedelta(days=4))
    old.envio(2, state="pendiente")
    old.envio(3, state="pendiente", telefono_wapp=None)
    old.add("ll_lugares", id=1, nombre="Óptica", telefono_wapp=phone(1), ciudad="Rosario", rubro="Óptica")
    old.add("ll_programaciones", id=1, campania_id=47, cliente_id=51, dias_semana="lun", hora_inicio="09:00", hora_fin="18:00",
            cupo_diario=5, fecha_inicio="2026-01-12", estado="aprobada")  # fmt: skip
    old.add("wa_sesiones", id=1, usuario_id=1, estado="CONECTADA", telefono="5215569757975")
    old.add("wa_campanas", id=1, usuario_id=1, nombre="Mía", estado="ENVIANDO", total=1)
    old.add(
        "wa_mensajes",
        id=1,
        campana_id=1,
        telefono=phone(1),
        mensaje_texto="Hola",
        estado="ENVIADO",
        wa_message_id="A1",
        enviado_at=DAY,
    )
    old.add(
        "cola_envios",
        id=1,
        sesion_id=28,
        cliente_id=9,
        telefono=phone(2),
        mensaje="R",
        estado="enviado",
        fecha_creacion=DAY,
    )
    old.add("envios_whatsapp", id=1, cola_id=1, cliente_id=9, telefono=phone(2), fecha_envio=DAY)
    old.lot(1)
    old.opportunity(1, lote_id=1)
    old.opportunity(2, lote_id=1, activo=0, usuario_id=None, etapa_id=None)
    old.opportunity(3, etapa_id=4)
    old.add("ventas", id=1, oportunidad_id=3, monto="100.00", fecha="2026-02-04 08:00:00")
    old.add("historial", id=1, oportunidad_id=2, etapa_anterior_id=1, usuario_id=1, fecha="2026-02-05 20:00:00")
    old.add("cupo_diario", id=1, usuario_id=1, fecha="2026-02-12", usado=9, limite=30)
    return old


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """Every row of ours, without what is new each time."""
    fresh = {"client_message_id", "password", "digest"}
    ours = ("accounts", "directory", "calendars", "whatsapp", "campaigns", "opportunities", "legacy")
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name not in fresh}
            for row in model._default_manager.order_by("pk").values()
        ]
        for app in ours
        for model in apps.get_app_config(app).get_models()
        if not model._meta.proxy
    }


def without_ids(rows: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    return {label: len(found) for label, found in rows.items()}


def test_a_second_run_changes_nothing(take_over: Import, load: Load) -> None:
    address = load(whole())
    first = take_over(address, now=NOW)
    before = snapshot()

    second = take_over(address, now=NOW + dt.timedelta(days=1))

    assert snapshot() == before
    assert second.taken == 0
    for table, count in first.tables.items():
        again = second.tables[table]
        assert (again.already, again.refused, again.changed) == (count.taken, count.refused, 0), table
    assert [(one.table, one.id) for one in second.refused] == [("ll_envios_whatsapp", 3)]


def test_a_rehearsal_writes_nothing_and_says_the_same(take_over: Import, load: Load) -> None:
    address = load(whole())
    before = snapshot()

    rehearsal = take_over(address, dry_run=True, now=NOW)

    assert snapshot() == before
    real = take_over(address, now=NOW)
    assert {**rehearsal.as_json(), "dry_run": False} == real.as_json()


def test_wherever_it_is_killed_it_goes_on(take_over: Import, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed right after each of its batches in turn, and before one is remembered; then let through."""
    monkeypatch.setattr(work, "BATCH", 7)
    address = load(whole())
    write, remember = work.Work._write, work.Work.remember
    left = 0

    def dying(self: work.Work, *args: Any) -> Any:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return write(self, *args)

    def dying_inside(self: work.Work, *args: Any) -> None:
        if left == 0:
            raise Killed
        remember(self, *args)

    monkeypatch.setattr(work.Work, "_write", dying)
    monkeypatch.setattr(work.Work, "remember", dying_inside)
    deaths = 0
    while True:
        left = 1 + deaths % 2
        try:
            take_over(address, now=NOW)
        except Killed:
            deaths += 1
            continue
        break
    killed = snapshot()
    monkeypatch.undo()
    again = take_over(address, name="legado", now=NOW)

    assert deaths > 12
    assert again.taken == 0
    assert len(killed["campaigns.Envio"]) == 34
    assert without_ids(killed)["opportunities.Sale"] == 1
    assert sorted(Envio.objects.values_list("state", flat=True)).count(EnvioState.UNCERTAIN) == 30
    lines = ImportedRow.objects.values_list("table", "legacy_id")
    assert len(lines) == len(set(lines))


def test_what_changed_over_there_is_told_and_what_is_new_comes_in(take_over: Import, load: Load) -> None:
    take_over(load(whole()), now=NOW)
    envios = Envio.objects.count()
    later = whole()
    later.add("usuarios", id=9, nombre="Nueva", email="nueva@example.com", rol="promotor", activo=1)
    later.envio(9, state="pendiente")
    later._inserts = [line.replace("Óptica", "Farmacia") for line in later._inserts]

    report = take_over(later, now=NOW)

    assert [(one.table, one.id) for one in report.changed] == [("ll_lugares", 1)]
    assert (report.tables["usuarios"].taken, report.tables["ll_envios_whatsapp"].taken) == (1, 1)
    assert Envio.objects.count() == envios + 1


def test_nobody_is_added_to_a_campaign_that_was_set_in_motion_here(take_over: Import, load: Load) -> None:
    take_over(load(whole()), now=NOW)
    campaign = Campaign.objects.get(name="Campaña 47")
    lifecycle.resume(campaign, by=UserFactory(role="administrador"), now=NOW)
    later = whole()
    later.envio(9, state="pendiente")

    report = take_over(later, now=NOW)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert ("ll_envios_whatsapp", 9, "campaign_at_work") in {(one.table, one.id, one.code) for one in report.refused}
