"""What becomes of the old messages: a proof makes `enviado`, a claim is historical, a phantom a doubt."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from campaigns import lifecycle
from campaigns.engine.plan import make_plan
from campaigns.enums import Ack, CampaignState, EnvioState, Evidence, ScheduleState
from campaigns.models import Attempt, Campaign, Envio, EnvioEvent, Schedule
from leadmaster.directory.models import Client
from leadmaster.legacy.models import ImportedRow
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import campaign_of
from tests.legacy.conftest import TZ, Import
from tests.legacy.old import DAY, TABLES, Old, phone

pytestmark = [pytest.mark.old_server, pytest.mark.django_db]

S = EnvioState


def state_of(pk: int, table: str = "ll_envios_whatsapp") -> str:
    return Envio.objects.get(pk=ImportedRow.objects.get(table=table, legacy_id=pk).target).state


def with_ids() -> Old:
    return Old(ll_envios_whatsapp=TABLES["ll_envios_whatsapp"] + ", message_id VARCHAR(120) NULL")


def test_a_run_without_ids_is_a_doubt_and_the_rest_is_history(take_over: Import) -> None:
    old = Old()
    old.campaign(33, tenant=8)
    old.run(range(700, 760), campaign=33, jitter=(0, 1, 0, -1))
    for pk in range(1, 9):
        old.envio(pk, campaign=33, at=DAY - dt.timedelta(days=3, seconds=pk * 97))
    old.envio(20, campaign=33, state="pendiente")
    old.envio(21, campaign=33, state="error")

    report = take_over(old)

    assert report.phantom_count == 60
    assert report.phantoms[0].run.ids == tuple(range(700, 760))
    assert dict(report.sent["ll_envios_whatsapp"]) == {"phantoms": 60, "historical": 8}
    assert {state_of(pk) for pk in range(700, 760)} == {S.UNCERTAIN}
    assert {state_of(pk) for pk in range(1, 9)} == {S.HISTORICAL}
    assert (state_of(20), state_of(21)) == (S.PENDING, S.ERROR)
    assert not Envio.objects.filter(state=S.SENT).exists()
    assert not Envio.objects.filter(sent_at__isnull=False).exists()
    assert not Attempt.objects.exists()


def test_a_doubt_says_why_and_a_claim_what_was_claimed(take_over: Import) -> None:
    old = Old()
    old.campaign()
    old.run(range(700, 730))
    old.envio(1, at="2026-01-12 09:37:21")

    take_over(old)

    doubt = EnvioEvent.objects.filter(to_state=S.UNCERTAIN).first()
    assert doubt is not None
    assert doubt.evidence == Evidence.IMPORTED
    assert "30 marcas, una por minuto, del 2026-02-07 08:00 al 2026-02-07 08:30" in doubt.reason
    assert doubt.envio.error_text == doubt.reason
    claim = Envio.objects.get(state=S.HISTORICAL)
    assert claim.ended_at == dt.datetime(2026, 1, 12, 9, 37, 21, tzinfo=TZ)
    assert (claim.sent_at, claim.message_id, claim.ack, claim.text) == (None, None, Ack.NONE, "Hola Ana 1")
    assert "2026-01-12 09:37:21, sin id" in claim.events.get().reason


def test_what_has_an_id_is_sent(take_over: Import) -> None:
    old = with_ids()
    old.campaign()
    old.run(range(700, 730))
    old.envio(1, at="2026-01-12 09:37:21", message_id="3EB01")
    old.envio(2, at="0000-00-00 00:00:00", message_id="3EB02")
    old.envio(3, at="2026-01-12 09:40:21", message_id="3EB01")

    report = take_over(old)

    sent = Envio.objects.get(state=S.SENT)
    assert (sent.message_id, sent.sent_at) == ("3EB01", dt.datetime(2026, 1, 12, 9, 37, 21, tzinfo=TZ))
    assert (state_of(2), state_of(3)) == (S.HISTORICAL, S.HISTORICAL)
    assert {(one.id, one.code) for one in report.corrected} == {(2, "date"), (3, "repeated_id")}


@pytest.mark.parametrize("proof", ["id", "table of sends", "other sender"])
def test_a_run_that_something_confirms_is_no_phantom(take_over: Import, proof: str) -> None:
    old = with_ids()
    old.campaign()
    old.people()
    old.add("wa_campanas", id=1, usuario_id=1, nombre="Otra", estado="COMPLETADA", created_at="2026-02-07 08:00:00")
    for number, pk in enumerate(range(700, 760)):
        at = DAY + dt.timedelta(minutes=number)
        if proof == "id":
            old.envio(pk, at=at, message_id=f"3EB{pk}")
            continue
        old.envio(pk, at=at)
        if proof == "table of sends":
            old.add(
                "envios_whatsapp", cliente_id=pk, telefono=f"+{phone(pk)}", fecha_envio=at + dt.timedelta(seconds=30)
            )
        else:
            old.add(
                "wa_mensajes", campana_id=1, telefono=phone(pk), mensaje_texto="Hola", estado="ENTREGADO",
                enviado_at=at, entregado_at=at, wa_message_id=None,
            )  # fmt: skip

    report = take_over(old, dry_run=True)

    assert report.phantom_count == 0
    wanted = {"proven": 60} if proof == "id" else {"historical": 60}
    assert dict(report.sent["ll_envios_whatsapp"]) == wanted


def test_what_was_confirmed_on_another_day_confirms_nothing(take_over: Import) -> None:
    old = Old()
    old.campaign()
    old.run(range(700, 760))
    for pk in range(700, 760):
        old.add("envios_whatsapp", cliente_id=pk, telefono=phone(pk), fecha_envio=DAY - dt.timedelta(days=20))

    assert take_over(old, dry_run=True).phantom_count == 60


def test_two_runs_in_two_campaigns_and_one_between_real_sends(take_over: Import) -> None:
    old = Old()
    old.campaign(33)
    old.campaign(34)
    old.run(range(100, 140), campaign=33)
    # At the same time, between each other's rows.
    old.run(range(200, 290), campaign=34, first=DAY + dt.timedelta(seconds=2))
    for pk in range(500, 520):
        old.envio(pk, campaign=34, at=DAY + dt.timedelta(days=1, seconds=pk * 83))

    report = take_over(old)

    assert [(one.campaign, len(one.run.ids)) for one in report.phantoms] == [(33, 40), (34, 90)]
    assert Envio.objects.filter(state=S.UNCERTAIN).count() == 130
    assert Envio.objects.filter(state=S.HISTORICAL).count() == 20


def test_other_words_for_a_state(take_over: Import) -> None:
    columns = TABLES["ll_envios_whatsapp"].replace("ENUM('pendiente','enviado','error')", "VARCHAR(20)")
    old = Old(ll_envios_whatsapp=columns)
    old.campaign()
    words = ["PENDIENTE", "sent_manual", "enviando", "cancelado", "rebotado", ""]
    for pk, word in enumerate(words, start=1):
        old.envio(pk, state=word, at="2026-01-12 09:37:21")

    report = take_over(old)

    assert [state_of(pk) for pk in range(1, 5)] == [S.PENDING, S.HISTORICAL, S.UNCERTAIN, S.CANCELLED]
    assert [(one.id, one.code) for one in report.refused] == [(5, "unknown_state"), (6, "unknown_state")]
    assert report.tables["ll_envios_whatsapp"].refused == 2


def test_of_two_rows_of_one_person_the_one_that_got_further_comes_in(take_over: Import) -> None:
    old = Old()
    old.campaign()
    old.envio(1, state="pendiente", telefono_wapp=phone(5))
    old.envio(2, at="2026-01-12 09:37:21", telefono_wapp=f"{phone(5)}@c.us")
    old.envio(3, state="error", telefono_wapp=phone(5))

    report = take_over(old)

    assert [envio.state for envio in Envio.objects.all()] == [S.HISTORICAL]
    assert [(one.id, one.code) for one in report.refused] == [(1, "repeated_phone"), (3, "repeated_phone")]
    assert "fila #2" in report.refused[0].sentence


def test_rows_that_can_not_be_taken_are_told_one_by_one(take_over: Import) -> None:
    old = Old()
    old.campaign()
    old.envio(1, campaign=99, state="pendiente")
    old.envio(2, state="pendiente", telefono_wapp=None)
    old.envio(3, state="pendiente", telefono_wapp="no tiene")
    old.envio(4, state="pendiente", mensaje_final="  ")
    old.envio(5, state="pendiente", telefono_wapp="5490001112223")
    old.envio(6, state="pendiente", telefono_wapp="12345")

    report = take_over(old)

    assert [(one.id, one.code) for one in report.refused] == [(1, "unknown_campaign"), (2, "no_phone"), (3, "no_phone")]
    # An empty text falls back to the campaign's; a number that nobody has stays as it was; a piece of one is an error.
    assert (state_of(4), state_of(5), state_of(6)) == (S.PENDING, S.PENDING, S.ERROR)
    assert Envio.objects.get(state=S.ERROR).error_text != ""
    count = report.tables["ll_envios_whatsapp"]
    assert (count.read, count.taken, count.refused) == (6, 3, 3)


def test_nothing_that_came_in_goes_out_by_itself(take_over: Import) -> None:
    old = Old()
    for pk, state in enumerate(("pendiente", "en_progreso", "pausada", "finalizada"), start=1):
        old.campaign(pk, state=state)
        old.envio(10 + pk, campaign=pk, state="pendiente")
        old.add(
            "ll_programaciones", id=pk, campania_id=pk, cliente_id=51, dias_semana="lun,mar,mié,jue,vie,sáb,dom",
            hora_inicio="00:00:00", hora_fin="24:00:00", cupo_diario=50, fecha_inicio="2026-01-12", estado="aprobada",
        )  # fmt: skip

    take_over(old)

    assert set(Campaign.objects.values_list("state", flat=True)) == {CampaignState.PAUSED, CampaignState.FINISHED}
    assert set(Schedule.objects.values_list("state", flat=True)) == {ScheduleState.PENDING}
    assert Envio.objects.get(campaign__name="Campaña 4").state == S.CANCELLED
    assert all(campaign.session.paused_at for campaign in Campaign.objects.select_related("session"))
    # Not even when somebody resumes one whose schedule nobody approved.
    boss = UserFactory(role="administrador")
    for campaign in Campaign.objects.filter(state=CampaignState.PAUSED):
        lifecycle.resume(campaign, by=boss, now=timezone.now())
    assert make_plan(timezone.now()).slots == {}


def test_schedules_as_people_wrote_them(take_over: Import) -> None:
    old = Old()
    old.campaign(1)
    told = {"campania_id": 1, "cliente_id": 51, "cupo_diario": 0, "fecha_inicio": "2026-01-12", "estado": "rechazada"}
    hours = {"hora_inicio": "09:00:00", "hora_fin": "23:59:59"}
    old.add("ll_programaciones", id=1, dias_semana="Sábado, Domingo", fecha_fin="0000-00-00", **told, **hours)
    old.add("ll_programaciones", id=2, dias_semana="fines de semana", **told, **hours)
    old.add("ll_programaciones", id=3, dias_semana="lun", hora_inicio="09:00:00", hora_fin="09:00:00", **told)
    old.add("ll_programaciones", id=4, dias_semana="lun", **{**told, "campania_id": 9}, **hours)

    report = take_over(old)

    schedule = Schedule.objects.get()
    assert (schedule.weekdays, schedule.daily_cap, schedule.ends_on, schedule.state) == ("56", 180, None, "rechazada")
    assert schedule.windows.get().closes == dt.time(0)
    assert [(one.id, one.code) for one in report.refused] == [
        (2, "unreadable"),
        (3, "unreadable"),
        (4, "unknown_campaign"),
    ]


def test_a_campaign_with_doubts_stays_open_for_a_decision(take_over: Import) -> None:
    old = Old()
    old.campaign(1, state="finalizada")
    old.run(range(700, 730), campaign=1)

    take_over(old)

    assert Campaign.objects.get().state == CampaignState.PAUSED


def test_a_message_knows_its_place_and_nobody_draws_it(take_over: Import) -> None:
    old = Old()
    old.campaign()
    old.add("ll_lugares", id=5, nombre="Óptica Díaz", telefono_wapp=phone(5), ciudad="Rosario", rubro="Óptica")
    old.envio(1, state="pendiente", lugar_id=5)
    old.envio(2, state="pendiente", lugar_id=77)

    report = take_over(old)

    told = Envio.objects.get(name="Ana 1")
    assert told.variables == {"lugar": "Óptica Díaz", "ciudad": "Rosario", "rubro": "Óptica"}
    assert campaign_of(told).columns == ["lugar", "ciudad", "rubro"]
    place = Client.objects.get()
    assert (place.name, place.city, place.contacts.get().normalised) == ("Óptica Díaz", "Rosario", f"+{phone(5)}")
    assert place.gone_at is not None
    assert [(one.id, one.code) for one in report.corrected if one.table == "ll_envios_whatsapp"] == [
        (2, "unknown_place")
    ]


def test_promoters_messages_keep_their_ids_and_acknowledgements(take_over: Import) -> None:
    old = Old()
    old.people()
    old.add(
        "wa_campanas", id=1, usuario_id=1, nombre="Mía", estado="ENVIANDO", total=6, enviados=9, entregados=4, leidos=1,
        errores=1, created_at="2026-02-11 09:00:00",
    )  # fmt: skip
    old.add("wa_sesiones", id=1, usuario_id=1, estado="CONECTADA", telefono="5215569757975")
    at = "2026-02-11 10:01:00"
    rows = [
        ("ENVIADO", "A1", at, None, None),
        ("ENTREGADO", "A2", at, at, None),
        ("LEIDO", "A3", at, at, at),
        ("ENVIADO", None, at, None, None),
        ("ENVIANDO", None, None, None, None),
        ("ERROR", None, None, None, None),
    ]
    for pk, (state, message_id, sent, delivered, read) in enumerate(rows, start=1):
        old.add(
            "wa_mensajes", id=pk, campana_id=1, telefono=phone(pk), mensaje_texto="Hola", estado=state,
            wa_message_id=message_id, enviado_at=sent, entregado_at=delivered, leido_at=read,
        )  # fmt: skip

    report = take_over(old)

    states = [state_of(pk, "wa_mensajes") for pk in range(1, 7)]
    assert states == [S.SENT, S.SENT, S.SENT, S.HISTORICAL, S.UNCERTAIN, S.ERROR]
    assert list(Envio.objects.filter(state=S.SENT).order_by("id").values_list("message_id", "ack")) == [
        ("A1", Ack.NONE),
        ("A2", Ack.DELIVERED),
        ("A3", Ack.READ),
    ]
    counters = {(one.field, one.said, one.counted) for one in report.counters}
    assert counters == {("enviados", 9, 4), ("entregados", 4, 2)}
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.owner.email) == (CampaignState.PAUSED, "u1@example.com")
    assert (campaign.session.owner, campaign.session.region) == (campaign.owner, "MX")


def test_the_queue_tells_who_got_a_message_several_times(take_over: Import) -> None:
    old = Old()
    at = dt.datetime(2025, 12, 1, 22, 11)  # noqa: DTZ001 - a wall clock
    for pk, copies in ((1, 3), (2, 1), (3, 0), (4, 2)):
        old.add(
            "cola_envios", id=pk, sesion_id=28, cliente_id=900 + pk, telefono=phone(pk), mensaje="Recordatorio",
            estado="enviado", fecha_creacion=at, fecha_proceso=at,
        )  # fmt: skip
        for copy in range(copies):
            # Some lines do not name their job.
            job = pk if copy != 1 else None
            moment = at + dt.timedelta(seconds=27 + copy)
            old.add("envios_whatsapp", cola_id=job, cliente_id=900 + pk, telefono=phone(pk), fecha_envio=moment)
    # Another message to the first one, and a job that is half done.
    old.add(
        "cola_envios",
        id=5,
        sesion_id=28,
        cliente_id=901,
        telefono=phone(1),
        mensaje="Otro",
        estado="enviado",
        fecha_creacion=at,
    )
    old.add(
        "cola_envios",
        id=6,
        sesion_id=29,
        cliente_id=906,
        telefono=phone(6),
        mensaje="Otro",
        estado="procesando",
        fecha_creacion=at,
    )
    old.add("envios_whatsapp", cola_id=77, cliente_id=1, telefono=phone(80), fecha_envio=at)

    report = take_over(old)

    assert [(one.client, one.copies) for one in report.copies] == [(901, 3), (904, 2)]
    assert state_of(6, "cola_envios") == S.UNCERTAIN
    assert [(one.table, one.id, one.code) for one in report.refused] == [
        ("cola_envios", 5, "repeated_phone"),
        ("envios_whatsapp", 7, "unknown_job"),
    ]
    assert "Salió 3 veces" in EnvioEvent.objects.get(envio__phone=f"+{phone(1)}").reason
    assert set(Campaign.objects.values_list("name", "state")) == {
        ("Cola de la sesión 28", CampaignState.FINISHED),
        ("Cola de la sesión 29", CampaignState.PAUSED),
    }


def test_reconcile_finds_nothing_afterwards(take_over: Import) -> None:
    old = with_ids()
    old.campaign()
    old.campaign(48, state="finalizada")
    old.run(range(700, 760))
    old.envio(1, at="2026-01-12 09:37:21", message_id="3EB01")
    old.envio(2, at="2026-01-12 09:47:21")
    old.envio(3, state="pendiente")
    old.envio(4, campaign=48, state="pendiente")
    old.people()
    old.lot(1, said=7)
    old.opportunity(1, lote_id=1)
    old.opportunity(2, lote_id=1, activo=0, usuario_id=None, etapa_id=None)
    old.opportunity(3, etapa_id=4)
    old.add("ventas", id=1, oportunidad_id=3, monto="100.00", fecha="2026-02-04 08:00:00")
    take_over(old)

    said = io.StringIO()
    call_command("reconcile", stdout=said)

    assert said.getvalue().strip() == "Todo lo que se revisó es verdad."
