"""People, funnel and opportunities of the old desk: nothing stays invisible, and no counter is believed."""

from __future__ import annotations

import datetime as dt
import decimal

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from leadmaster.accounts.models import Team, User
from leadmaster.directory.models import Availability, Client
from leadmaster.legacy.models import ImportedRow
from opportunities.enums import EventKind, OpportunityState, StageType
from opportunities.models import DailyQuota, Lot, Opportunity, Promoter, Sale, Stage
from tests.factories.accounts import UserFactory
from tests.legacy.conftest import TZ, Import
from tests.legacy.old import TABLES, Old

pytestmark = [pytest.mark.old_server, pytest.mark.django_db]

S = OpportunityState


def became(pk: int) -> Opportunity:
    return Opportunity.objects.get(pk=ImportedRow.objects.get(table="oportunidades", legacy_id=pk).target)


def desk() -> Old:
    old = Old()
    old.people()
    return old


def test_people_come_with_their_roles_and_only_passwords_that_we_can_check(take_over: Import) -> None:
    old = Old(
        usuarios=TABLES["usuarios"].replace("ENUM('promotor','supervisor','admin')", "VARCHAR(20)")
        + ", password_hash VARCHAR(255)"
    )
    known = UserFactory(email="jefa@example.com", role="administrador")
    ours = make_password("la-de-siempre")
    rows = [
        ("Ana Paz", "ana@example.com", "promotor", 1, ours),
        ("Eva Ríos", "EVA@example.com", "supervisor", 1, "$2b$10$abcdefghijklmnopqrstuv"),
        ("Luz", None, "becario", 0, None),
        ("Otra", "Jefa@example.com", "promotor", 1, ours),
    ]
    for pk, (name, email, role, active, password) in enumerate(rows, start=1):
        old.add("usuarios", id=pk, nombre=name, email=email, rol=role, activo=active, password_hash=password)

    report = take_over(old)

    ana, eva = User.objects.get(email="ana@example.com"), User.objects.get(email="eva@example.com")
    assert (ana.role, ana.get_full_name(), ana.check_password("la-de-siempre")) == ("promotor", "Ana Paz", True)
    assert (eva.role, eva.has_usable_password()) == ("supervisor", False)
    assert {(one.id, one.code) for one in report.corrected} == {(2, "password"), (3, "unknown_role")}
    team = Team.objects.get(name="Sistema anterior")
    assert set(team.supervisors.all()) == {eva}
    assert ana in team.members.all()
    # Who has an account here keeps it as it is.
    before = known.password
    known.refresh_from_db()
    assert (known.role, known.password) == ("administrador", before)


def test_the_funnel_loses_its_timers_of_zero_hours(take_over: Import) -> None:
    old = desk()
    old.add("etapas", id=9, nombre="Rara", tipo="", orden=9)
    old.add("etapas", id=10, nombre="Descartada", tipo="FINAL", orden=10)

    report = take_over(old)

    assert list(Stage.objects.order_by("order").values_list("name", "type", "timer_minutes")) == [
        ("Nuevo", StageType.INITIAL, 24 * 60),
        ("Contactado", StageType.PROGRESS, None),
        ("No contesta", StageType.EXIT, None),
        ("Venta", StageType.SALE, None),
        ("Descartada", StageType.LOST, None),
    ]
    assert [(one.table, one.id) for one in report.refused] == [("etapas", 9)]
    assert Stage.objects.get(name="Contactado").routes_out.count() == 3


def test_nothing_stays_invisible(take_over: Import) -> None:
    old = desk()
    old.opportunity(1)
    old.opportunity(2, activo=0, usuario_id=None, etapa_id=None)
    old.opportunity(3, activo=0, etapa_id=None)
    old.opportunity(4, activo=0, etapa_id=2)
    old.opportunity(5, activo=0, etapa_id=3)
    old.opportunity(6, activo=0, etapa_id=3, usuario_id=None)
    old.opportunity(7, usuario_id=None)
    old.opportunity(8, etapa_id=None)
    old.opportunity(9, usuario_id=77)
    old.opportunity(10, cliente_id=None)

    report = take_over(old)

    states = [became(pk).state for pk in range(1, 11)]
    assert states == [S.ACTIVE, S.POOL, S.POOL, S.POOL, S.EXIT, S.POOL, S.POOL, S.ACTIVE, S.POOL, S.ACTIVE]
    assert report.invisible == [2, 3, 4]
    assert became(8).stage == Stage.objects.get(name="Nuevo")
    assert {(one.id, one.code) for one in report.corrected if one.table == "oportunidades"} == {
        (5, "placed"), (6, "placed"), (9, "unknown_user"), (10, "no_client"),
    }  # fmt: skip
    assert {became(pk).client.availability for pk in (2, 3, 4)} == {Availability.POOL}
    assert became(1).client.availability == Availability.TAKEN


def test_the_clocks_begin_anew_in_operating_hours(take_over: Import) -> None:
    old = desk()
    old.opportunity(1, timer_vence="2026-02-04 12:00:00")
    old.opportunity(2, etapa_id=2, timer_vence="2026-02-04 12:00:00")
    now = timezone.now()

    take_over(old, now=now)

    first = became(1)
    assert first.deadline is not None
    assert first.deadline > now + dt.timedelta(hours=24)
    assert became(2).deadline is None
    last = first.events.order_by("-id")[0]
    assert last.data["legacy"]["timer_vence"] == "2026-02-04 12:00:00"


def test_the_history_comes_along_in_order(take_over: Import) -> None:
    old = desk()
    old.opportunity(1, usuario_id=None, etapa_id=None, activo=0)
    old.add(
        "historial",
        id=2,
        oportunidad_id=1,
        etapa_anterior_id=2,
        etapa_nueva_id=None,
        usuario_id=2,
        fecha="2026-02-05 20:00:00",
    )
    old.add(
        "historial",
        id=1,
        oportunidad_id=1,
        etapa_anterior_id=1,
        etapa_nueva_id=2,
        usuario_id=1,
        fecha="2026-02-04 10:00:00",
    )
    old.add("historial", id=3, oportunidad_id=99, etapa_nueva_id=2, fecha="2026-02-05 20:00:00")

    report = take_over(old)

    lines = list(became(1).events.order_by("id").values_list("kind", "from_state", "to_state", "by__email"))
    assert lines == [
        (EventKind.ASSIGNED, "", S.ACTIVE, None),
        (EventKind.MOVED, S.ACTIVE, S.ACTIVE, "u1@example.com"),
        (EventKind.POOLED, S.ACTIVE, S.POOL, "u2@example.com"),
        (EventKind.NOTE, S.POOL, S.POOL, ""),
    ]
    assert not User.objects.get(username="sistema-anterior").is_active
    assert became(1).state_since == dt.datetime(2026, 2, 5, 20, tzinfo=TZ)
    assert [(one.table, one.id, one.code) for one in report.refused] == [("historial", 3, "unknown_opportunity")]


def test_a_sale_is_what_was_sold(take_over: Import) -> None:
    old = desk()
    old.opportunity(1, etapa_id=4)
    old.opportunity(2, etapa_id=4)
    old.opportunity(3, etapa_id=1)
    old.opportunity(4, etapa_id=4, usuario_id=None)
    old.opportunity(5, etapa_id=4)
    for pk, (row, amount) in enumerate(
        [(1, "5464.00"), (1, "10.00"), (3, "7.00"), (4, "8.00"), (5, "-3.00"), (99, "1.00")], start=1
    ):
        old.add("ventas", id=pk, oportunidad_id=row, monto=amount, fecha="2026-02-04 08:00:00")
    old.add("historial", id=1, oportunidad_id=4, etapa_nueva_id=4, usuario_id=2, fecha="2026-02-04 08:00:00")

    report = take_over(old)

    assert [became(pk).state for pk in range(1, 6)] == [S.WON, S.EXIT, S.WON, S.WON, S.EXIT]
    assert became(3).stage == Stage.objects.get(type=StageType.SALE)
    sale = Sale.objects.get(opportunity=became(1))
    assert (sale.amount, sale.at) == (decimal.Decimal("5464.00"), dt.datetime(2026, 2, 4, 8, tzinfo=TZ))
    assert Sale.objects.get(opportunity=became(4)).promoter.user.email == "u2@example.com"
    assert {(one.id, one.code) for one in report.refused} == {
        (2, "second_sale"), (5, "amount"), (6, "unknown_opportunity"),
    }  # fmt: skip


def test_a_client_is_held_once(take_over: Import) -> None:
    old = desk()
    old.opportunity(1, cliente_id=5, activo=0, usuario_id=None, etapa_id=None)
    old.opportunity(2, cliente_id=5)
    old.opportunity(3, cliente_id=6, activo=0, usuario_id=None, etapa_id=None)
    old.opportunity(4, cliente_id=6, etapa_id=4)
    old.add("ventas", id=1, oportunidad_id=4, monto="7.00", fecha="2026-02-04 08:00:00")

    report = take_over(old)

    assert [became(pk).state for pk in range(1, 5)] == [S.LOST, S.ACTIVE, S.POOL, S.WON]
    assert report.invisible == [3]
    assert "#2" in became(1).exit_reason
    assert Client.objects.get(external_id="5").availability == Availability.TAKEN
    assert Client.objects.get(external_id="6").availability == Availability.POOL


def test_clients_are_those_of_the_base_and_nobody_is_taken_from_us(take_over: Import) -> None:
    old = desk()
    old.opportunity(1, cliente_id=5)
    old.opportunity(2, cliente_id=6)
    now = timezone.now()
    ours = Client.objects.create(source="externo", external_id="5", name="Rosa", created_at=now, updated_at=now)
    take_over(old, name="otra")
    first = Opportunity.objects.get(client=ours)

    report = take_over(old)

    assert Opportunity.objects.get(open_client=ours) == first
    assert became_of(2) == S.LOST
    assert [one.code for one in report.corrected if one.table == "oportunidades"] == ["placed", "placed"]


def became_of(pk: int) -> str:
    line = ImportedRow.objects.get(source="legado", table="oportunidades", legacy_id=pk)
    return Opportunity.objects.get(pk=line.target).state


def test_lots_and_quotas_are_counted_anew(take_over: Import) -> None:
    old = desk()
    old.lot(1, said=5)
    old.lot(2, said=2, at="2026-02-12 15:00:00")
    old.lot(3, user=77)
    for pk, lot in enumerate([1, 1, 1, 2, 2], start=1):
        old.opportunity(pk, lote_id=lot)
    old.add("cupo_diario", id=1, usuario_id=1, fecha="2026-02-12", usado=32, limite=3)
    old.add("cupo_diario", id=2, usuario_id=2, fecha="0000-00-00", usado=1, limite=30)
    old.add("cupo_diario", id=3, usuario_id=2, fecha="2026-02-12", usado=0, limite=25)

    report = take_over(old)

    promoter = Promoter.objects.get(user__email="u1@example.com")
    assert list(Lot.objects.order_by("id").values_list("asked", "granted")) == [(5, 3), (2, 2)]
    quota = DailyQuota.objects.get(promoter=promoter)
    assert (quota.used, quota.limit) == (5, 5)
    assert sum(entry.amount for entry in quota.entries.filter(kind="asignacion")) == 5
    assert DailyQuota.objects.get(promoter__user__email="u2@example.com").limit == 25
    assert {(one.table, one.id, one.said, one.counted) for one in report.counters} == {
        ("lotes", 1, 5, 3), ("cupo_diario", 1, 32, 5),
    }  # fmt: skip
    assert {(one.table, one.id, one.code) for one in report.refused} == {
        ("lotes", 3, "unknown_user"), ("cupo_diario", 2, "date"),
    }  # fmt: skip


def test_an_old_version_has_fewer_tables_and_other_columns(take_over: Import) -> None:
    old = Old(
        usuarios="nombre VARCHAR(120), correo VARCHAR(160), id INT, rol VARCHAR(20), extra TEXT",
        ll_envios_whatsapp="estado VARCHAR(20), id INT PRIMARY KEY, telefono VARCHAR(50), fecha_envio DATETIME, campania_id INT",
        etapas="id INT",
    ).without(
        "wa_sesiones", "wa_campanas", "wa_mensajes", "cola_envios", "envios_whatsapp", "ll_lugares", "cupo_diario"
    )
    old.add("usuarios", id=1, nombre="Ana", correo="ana@example.com", rol="promotor")
    old.add("usuarios", id=1, nombre="Eva", correo="eva@example.com", rol="promotor")
    old.add("usuarios", nombre="Sin id", correo="x@example.com", rol="promotor")
    old.campaign()
    old.add("ll_envios_whatsapp", id=1, campania_id=47, telefono="5493514000001", estado="pendiente")
    old.opportunity(1)

    report = take_over(old)

    assert User.objects.filter(email="ana@example.com", is_active=True).exists()
    assert "wa_mensajes" in report.missing
    assert {(one.table, one.code) for one in report.refused} == {("usuarios", "no_id"), ("etapas", "missing_columns")}
    assert report.tables["usuarios"].refused == 2
    assert became(1).state == S.POOL
