"""What an import accepts, leaves out and refuses."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.audience import AudienceError, ColumnMapping, ImportReport, import_file, run_import
from campaigns.audience.insert import EnvioInserter, NewEnvio
from campaigns.enums import Ack, CampaignState, EnvioState
from campaigns.errors import NotAllowed
from campaigns.message_editing import edit_message
from campaigns.models import Campaign, Envio, RecipientImport
from campaigns.parsing import parse
from leadmaster.accounts.models import User
from tests.campaigns.audience.reading import by_result, counts, kept_report, record_of, report_lines, texts
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.directory import SuppressionFactory
from tests.lib.tables.spreadsheets import csv_bytes, write_like_excel, xlsx_bytes

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
HEADER = ["Teléfono", "Nombre", "Saldo"]
ANA, BEA, EVA = "+5493512743915", "+5493512743916", "+5493512743917"


def draft(template: str = "Hola {nombre}, debes {saldo}.", **fields: object) -> Campaign:
    campaign: Campaign = CampaignFactory.create(template=template, **fields)
    return campaign


def bring(
    campaign: Campaign, *rows: list[str], header: list[str] | None = HEADER, dry_run: bool = False
) -> ImportReport:
    data = csv_bytes([header, *rows] if header else rows)
    return import_file(campaign, io.BytesIO(data), now=NOW, dry_run=dry_run, file_name="clientes.csv")


def refused(campaign: Campaign, data: bytes, mapping: ColumnMapping | None = None) -> AudienceError:
    """The refusal of a file, which leaves no trace."""
    with pytest.raises(AudienceError) as caught:
        import_file(campaign, io.BytesIO(data), now=NOW, mapping=mapping)
    assert not Envio.objects.filter(campaign=campaign).exists()
    assert not RecipientImport.objects.filter(campaign=campaign).exists()
    campaign.refresh_from_db()
    assert campaign.columns == []
    return caught.value


def test_each_text_is_frozen_with_its_option_and_written_anew_with_the_same() -> None:
    campaign = draft("[Hola|Buenas|Qué tal] {nombre}")
    rows = [[f"351 274-{3900 + number}", "Ana", "1"] for number in range(40)]
    bring(campaign, *rows)
    frozen = dict(Envio.objects.filter(campaign=campaign).values_list("phone", "text"))
    template = parse(campaign.template)
    assert frozen == {phone: template.render({"nombre": "Ana"}, seed=phone) for phone in frozen}
    assert set(frozen.values()) == {"Hola Ana", "Buenas Ana", "Qué tal Ana"}

    edit_message(campaign, "[Hola|Buenas|Qué tal] {nombre}!", by=campaign.owner, now=NOW)

    again = dict(Envio.objects.filter(campaign=campaign).values_list("phone", "text"))
    assert again == {phone: f"{text}!" for phone, text in frozen.items()}


def test_people_come_in_in_the_order_of_the_file_ready_to_go() -> None:
    campaign = draft()
    report = bring(campaign, ["351 274-3916", "Bea", "1"], ["351 274-3915", "Ana", "2"])

    assert counts(report) == {"accepted": 2}
    bea, ana = Envio.objects.filter(campaign=campaign).order_by("id")
    assert (bea.phone, bea.name, bea.text) == (BEA, "Bea", "Hola Bea, debes 1.")
    assert (ana.phone, ana.session_id, ana.state, ana.attempts) == (ANA, campaign.session_id, EnvioState.PENDING, 0)
    assert (ana.next_due, ana.created_at, ana.ack, ana.warm) == (NOW, NOW, Ack.NONE, False)
    assert ana.client_message_id != bea.client_message_id
    record = record_of(report)
    assert (record.state, record.file_name, record.started_at) == (RecipientImport.State.DONE, "clientes.csv", NOW)
    assert record.finished_at is not None
    assert record.finished_at >= NOW
    assert record.mapping == {"phone": 0, "name": 1, "header_row": 1}


def test_the_quick_insert_writes_what_the_model_would() -> None:
    campaign = draft()
    prototype = {"campaign": campaign, "session": campaign.session, "next_due": NOW, "created_at": NOW}
    person = NewEnvio(phone=BEA, name="Ana ñ'\"%s", text="x\n%", warm=True, variables={"saldo": "1 €", "ñ": "'"})
    slow = Envio.objects.create(**{**person._asdict(), "phone": ANA}, **prototype)
    EnvioInserter(Envio(**prototype)).insert([person])

    quick = Envio.objects.get(phone=BEA)
    for field in Envio._meta.concrete_fields:
        if field.name not in {"id", "phone", "client_message_id"}:
            assert getattr(quick, field.attname) == getattr(slow, field.attname), field.name
    assert quick.client_message_id.version == 7


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    campaign = draft()
    rows = [["351 274-3915", "Ana", "1"], ["0351 15 2743915", "Ana", "1"], ["s/n", "Eva", "1"]]
    rehearsal = bring(campaign, *rows, dry_run=True)

    assert (rehearsal.dry_run, rehearsal.import_id) == (True, None)
    assert not Envio.objects.exists()
    assert not RecipientImport.objects.exists()
    campaign.refresh_from_db()
    assert campaign.columns == []
    assert counts(bring(campaign, *rows)) == counts(rehearsal)


def test_duplicates_point_at_their_first_row_also_across_batches(tmp_path: Path) -> None:
    campaign = draft("Hola")
    rows = [[f"351 4{n:06}", "x", "1"] for n in range(2_300)]
    data = csv_bytes([HEADER, *rows, ["+54 9 351 400-0007", "x", "1"], ["351 4002299", "x", "1"]])
    path = tmp_path / "informe.csv"

    report = import_file(campaign, io.BytesIO(data), now=NOW, report_path=path)

    assert counts(report) == {"accepted": 2_300, "duplicates": 2}
    lines = report_lines(path.read_text(encoding="utf-8"))
    assert [(line["Fila"], line["Primera fila"]) for line in lines if line["Primera fila"]] == [
        ("2302", "9"),
        ("2303", "2301"),
    ]


def test_a_row_that_was_left_out_is_no_first_occurrence() -> None:
    campaign = draft()
    report = bring(campaign, ["351 274-3915", "Ana", ""], ["351 274-3915", "Ana", "20"])
    assert counts(report) == {"accepted": 1, "invalid": 1}
    assert texts(campaign) == {ANA: "Hola Ana, debes 20."}


def test_people_who_opted_out_are_left_out_and_counted() -> None:
    campaign = draft()
    SuppressionFactory.create(phone=ANA)
    report = bring(campaign, ["351 274-3915", "Ana", "1"], ["351 274-3916", "Bea", "1"])
    assert counts(report) == {"accepted": 1, "opted_out": 1}
    assert set(texts(campaign)) == {BEA}
    left_out = kept_report(report.import_id)[0]
    assert (left_out["Resultado"], left_out["Motivo"]) == ("excluida", "Pidió no recibir mensajes.")


def test_a_second_file_adds_only_who_is_new_and_leaves_the_others_as_they_are() -> None:
    campaign = draft()
    bring(campaign, ["351 274-3915", "Ana", "1"])
    before = Envio.objects.get(campaign=campaign)
    report = bring(campaign, ["351 274-3915", "Otra Ana", "999"], ["351 274-3916", "Bea", "2"])
    assert counts(report) == {"accepted": 1, "already_there": 1}
    before.refresh_from_db()
    assert (before.name, before.text) == ("Ana", "Hola Ana, debes 1.")


def test_the_same_person_in_another_campaign_is_no_obstacle() -> None:
    bring(draft(), ["351 274-3915", "Ana", "1"])
    assert counts(bring(draft(), ["351 274-3915", "Ana", "1"])) == {"accepted": 1}


def test_who_already_got_a_message_through_the_session_is_a_known_contact() -> None:
    campaign = draft()
    other = CampaignFactory.create(session=campaign.session, team=campaign.team)
    EnvioFactory.create(campaign=other, session=campaign.session, phone=ANA, state=EnvioState.SENT)
    EnvioFactory.create(campaign=other, session=campaign.session, phone=BEA, state=EnvioState.ERROR)
    EnvioFactory.create(phone=EVA, state=EnvioState.SENT)  # through another session
    bring(campaign, *([phone, "x", "1"] for phone in (ANA, BEA, EVA)))
    warm = Envio.objects.filter(campaign=campaign, warm=True)
    assert [envio.phone for envio in warm] == [ANA]


def test_a_missing_value_leaves_the_row_out_and_says_which() -> None:
    report = bring(draft(), ["351 274-3915", "Ana", " "], ["351 274-3916", "Bea", "1"])
    assert counts(report) == {"accepted": 1, "invalid": 1}
    assert report.reasons == {"missing_value": 1}
    assert "Falta el dato {saldo}" in kept_report(report.import_id)[0]["Motivo"]


def test_a_default_in_the_message_lets_the_row_in() -> None:
    campaign = draft("Hola {nombre|cliente}, debes {saldo|lo acordado}.")
    bring(campaign, ["351 274-3915", "", ""])
    assert texts(campaign) == {ANA: "Hola cliente, debes lo acordado."}


def test_blank_rows_and_repeated_headers_are_invalid_and_the_end_of_the_file_is_not() -> None:
    campaign = draft("Hola {nombre}")
    data = csv_bytes([HEADER, ["351 274-3915", "Ana", "1"], [], HEADER, ["", "", ""], ["351 274-3916", "Bea", "1"]])
    report = import_file(campaign, io.BytesIO(data + b"\r\n;;\r\n\r\n"), now=NOW)
    assert counts(report) == {"accepted": 2, "invalid": 3}
    assert report.reasons == {"blank": 2, "header": 1}
    assert [line["Fila"] for line in kept_report(report.import_id)] == ["2", "3", "4", "5", "6"]


def test_cells_beyond_the_header_and_quotes_that_swallow_rows_are_invalid() -> None:
    data = (
        'Teléfono;Nombre;Saldo\n351 274-3915;Peña; Hnos;10\n351 274-3916;"Bea;1\n351 274-3917;"Eva";2\n'
        '351 274-3918;"Calle 1; fondo\nPiso 2";3\n'
    )
    campaign = draft("Hola {nombre}")
    report = import_file(campaign, io.BytesIO(data.encode()), now=NOW)
    assert report.reasons == {"extra_cells": 1, "open_quotes": 1}
    assert set(texts(campaign)) == {EVA, "+5493512743918"}


def test_quotes_that_never_close_cost_their_own_row_and_nobody_else() -> None:
    data = csv_bytes([HEADER, ["351 274-3915", "Ana", "1"]]) + b'351 274-3916;"Bea;1\n' + b"s/n;Eva;3\n" * 4_000
    campaign = draft("Hola {nombre}")
    report = import_file(campaign, io.BytesIO(data + b"351 274-3917;Eva;3"), now=NOW)
    assert report.reasons == {"open_quotes": 1, "no_digits": 4_000}
    assert set(texts(campaign)) == {ANA, EVA}


def test_notes_beside_the_table_of_a_workbook_do_no_harm() -> None:
    campaign = draft()
    rows = [HEADER, [ANA, "Ana", "1"], [BEA, "Bea", "2", "", "llamar"], [EVA, "Eva", "3"]]
    assert counts(import_file(campaign, io.BytesIO(xlsx_bytes(rows)), now=NOW)) == {"accepted": 3}


def test_a_file_without_header_and_a_title_above_one_both_work() -> None:
    plain, titled = draft("Hola {nombre}"), draft()
    bring(plain, ["351 274-3915", "Ana"], ["351 274-3916", "Bea"], header=None)
    bring(titled, [], HEADER, ["351 274-3915", "Ana", "7"], header=["Clientes de marzo"])
    assert texts(plain) == {ANA: "Hola Ana", BEA: "Hola Bea"}
    assert texts(titled) == {ANA: "Hola Ana, debes 7."}


def test_a_confirmed_mapping_overrules_the_guess() -> None:
    campaign = draft("Hola {nombre}, {nombre_destino}")
    data = csv_bytes([["Nombre", "Apodo", "Teléfono", "Otro"], ["Ana Paz", "Anita", "351 4223344", "351 274-3915"]])
    mapping = ColumnMapping(phone=3, name=1, header_row=1)
    import_file(campaign, io.BytesIO(data), now=NOW, mapping=mapping)
    assert texts(campaign) == {ANA: "Hola Anita, Anita"}


def test_numbers_of_a_workbook_keep_all_their_digits() -> None:
    campaign = draft("{saldo}")
    data = xlsx_bytes([["Celular", "Saldo"], [5493512743915, 1234.5], ["4.93512E+11", 1], [5.493512743916e12, 2]])
    report = import_file(campaign, io.BytesIO(data), now=NOW)
    assert counts(report) == {"accepted": 2, "invalid": 1}
    assert texts(campaign) == {ANA: "1234,5", BEA: "2"}


def test_a_name_that_does_not_fit_leaves_its_row_out_instead_of_being_cut() -> None:
    campaign = draft("Hola")
    report = bring(campaign, ["351 274-3915", "Ñ" * 500, "1"], ["351 274-3916", "Ñ" * 200, "1"])
    assert report.reasons == {"long_name": 1}
    assert Envio.objects.get(campaign=campaign).name == "Ñ" * 200


def test_a_text_too_long_for_whatsapp_is_left_out() -> None:
    report = bring(draft("{saldo}"), ["351 274-3915", "Ana", "x" * 5_000])
    assert report.reasons == {"unsendable_text": 1}


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_unknown_placeholders_are_refused_by_name_before_anything_is_written() -> None:
    error = refused(draft("{nombre} {deuda} {Fecha}"), csv_bytes([HEADER, ["351 274-3915", "Ana", "1"]]))
    assert error.code == "placeholders"
    assert "{deuda}, {Fecha}" in str(error)
    assert "{telefono}, {saldo}" in str(error)


def test_a_name_without_a_name_column_is_refused_unless_the_message_has_a_default() -> None:
    data = csv_bytes([["Teléfono", "Saldo"], ["351 274-3915", "1"]])
    assert refused(draft("Hola {nombre}"), data).code == "placeholders"
    campaign = draft("Hola {nombre|vecino}")
    import_file(campaign, io.BytesIO(data), now=NOW)
    assert texts(campaign) == {ANA: "Hola vecino"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "pdf"),
        (csv_bytes([["Nombre", "Ciudad"], ["Ana", "Salta"]]), "no_phone_column"),
        (csv_bytes([HEADER]), "no_rows"),
        (xlsx_bytes([HEADER, ["351 274-3915", "Ana", "1"]])[:-200], "damaged"),
    ],
    ids=["empty", "pdf", "no phones", "only a header", "cut workbook"],
)
def test_a_bad_file_is_refused_whole(data: bytes, code: str) -> None:
    assert refused(draft(), data).code == code


def test_a_mapping_that_does_not_fit_is_refused() -> None:
    data = csv_bytes([HEADER, ["351 274-3915", "Ana", "1"]])
    assert refused(draft(), data, ColumnMapping(phone=7)).code == "mapping"


@pytest.mark.parametrize("state", sorted(set(CampaignState) - {CampaignState.DRAFT}))
def test_only_a_draft_takes_recipients(state: CampaignState) -> None:
    error = refused(draft(state=state), csv_bytes([HEADER, ["351 274-3915", "Ana", "1"]]))
    assert error.code == "campaign_state"


def test_what_waits_for_approval_says_how_to_get_it_back() -> None:
    """Whoever approves would approve people that they did not see."""
    data = csv_bytes([HEADER, ["351 274-3915", "Ana", "1"]])

    assert "pide antes que la rechacen" in refused(draft(state=CampaignState.AWAITING_APPROVAL), data).args[0]
    assert not Envio.objects.exists()


def test_what_is_submitted_meanwhile_takes_nobody_else() -> None:
    campaign = draft("Hola")
    data = csv_bytes([HEADER, *([f"351 4{n:06}", "x", "1"] for n in range(1_500))])

    def submit_after_the_first_batch(done: int, total: int) -> None:
        Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.AWAITING_APPROVAL)

    with pytest.raises(AudienceError) as caught:
        import_file(campaign, io.BytesIO(data), now=NOW, progress=submit_after_the_first_batch)

    assert caught.value.code == "campaign_changed"
    assert Envio.objects.filter(campaign=campaign).count() == 1_000


def test_a_stranger_may_not_import_into_somebody_elses_campaign() -> None:
    campaign = draft()
    stranger: User = UserFactory.create()
    with pytest.raises(NotAllowed):
        import_file(campaign, io.BytesIO(csv_bytes([HEADER, [ANA, "Ana", "1"]])), now=NOW, by=stranger)
    assert not Envio.objects.exists()


def test_a_campaign_approved_meanwhile_takes_nobody_else() -> None:
    campaign = draft("Hola")
    data = csv_bytes([HEADER, *([f"351 4{n:06}", "x", "1"] for n in range(3_000))])

    def approve_after_the_first_batch(done: int, total: int) -> None:
        Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CANCELLED)

    with pytest.raises(AudienceError) as caught:
        import_file(campaign, io.BytesIO(data), now=NOW, progress=approve_after_the_first_batch)

    assert caught.value.code == "campaign_changed"
    record = RecipientImport.objects.get(campaign=campaign)
    assert record.state == RecipientImport.State.FAILED
    assert record.accepted == Envio.objects.filter(campaign=campaign).count() == 1_000
    assert "importa de nuevo" in record.error
    assert by_result(kept_report(record.pk)) == {"aceptada": 1_000}


def test_what_broke_half_way_is_completed_by_the_same_file() -> None:
    campaign = draft("Hola")
    data = csv_bytes([HEADER, *([f"351 4{n:06}", "x", "1"] for n in range(2_500))])

    def pull_the_plug(done: int, total: int) -> None:
        if done > 2_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(campaign, io.BytesIO(data), now=NOW, progress=pull_the_plug)
    broken = RecipientImport.objects.get(campaign=campaign)
    assert (broken.state, broken.accepted) == (RecipientImport.State.INTERRUPTED, 2_000)
    assert "otra vez" in broken.error

    again = import_file(campaign, io.BytesIO(data), now=NOW)
    assert counts(again) == {"accepted": 500, "already_there": 2_000}


def test_progress_counts_up_to_the_whole_file() -> None:
    seen: list[tuple[int, int]] = []
    data = csv_bytes([HEADER, *([f"351 4{n:06}", "x", "1"] for n in range(2_500))])
    import_file(draft("Hola"), io.BytesIO(data), now=NOW, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1_001, 2_501), (2_001, 2_501), (2_501, 2_501)]


def test_an_import_whose_process_died_does_not_look_alive_for_ever() -> None:
    campaign = draft("Hola")
    hours_ago = NOW - dt.timedelta(hours=2)
    lost = RecipientImport.objects.create(campaign=campaign, file_name="a.csv", started_at=hours_ago)
    fresh = RecipientImport.objects.create(campaign=campaign, file_name="b.csv", started_at=NOW)
    bring(campaign, ["351 274-3915", "Ana", "1"])
    lost.refresh_from_db()
    fresh.refresh_from_db()
    assert (lost.state, fresh.state) == (RecipientImport.State.INTERRUPTED, RecipientImport.State.RUNNING)


# --- Uploads ----------------------------------------------------------------------------------------------------------


def upload(campaign: Campaign, data: bytes, **fields: object) -> RecipientImport:
    record = RecipientImport(campaign=campaign, file_name="subida.csv", started_at=NOW, **fields)
    record.file.save("subida.csv", ContentFile(data), save=False)
    record.save()
    return record


def test_an_upload_is_imported_with_its_confirmed_mapping() -> None:
    campaign = draft("Hola {nombre}")
    data = csv_bytes([["Uno", "Dos"], ["Ana", "351 274-3915"]])
    mapping = ColumnMapping(phone=1, name=0, header_row=1)
    record = upload(campaign, data, mapping=mapping.as_json(), by=campaign.owner)

    report = run_import(record, now=NOW)

    assert report.import_id == record.pk
    assert (record.state, record.accepted) == (RecipientImport.State.DONE, 1)
    assert texts(campaign) == {ANA: "Hola Ana"}


def test_a_refused_upload_keeps_the_reason() -> None:
    record = upload(draft("{deuda}"), csv_bytes([HEADER, [ANA, "Ana", "1"]]))
    with pytest.raises(AudienceError):
        run_import(record, now=NOW)
    record.refresh_from_db()
    assert record.state == RecipientImport.State.FAILED
    assert "{deuda}" in record.error


def test_an_upload_run_twice_counts_once() -> None:
    record = upload(draft("Hola"), csv_bytes([HEADER, [ANA, "Ana", "1"]]))
    run_import(record, now=NOW)
    again = run_import(record, now=NOW)
    assert counts(again) == counts(record) == {"already_there": 1}


def test_an_upload_whose_file_is_gone_says_so() -> None:
    record = upload(draft("Hola"), csv_bytes([HEADER, [ANA, "Ana", "1"]]))
    record.file.storage.delete(str(record.file.name))
    with pytest.raises(AudienceError, match="vuelve a subirlo"):
        run_import(record, now=NOW)


# --- Any bytes --------------------------------------------------------------------------------------------------------


def attempt(campaign: Campaign, data: bytes) -> ImportReport | AudienceError:
    try:
        return import_file(campaign, io.BytesIO(data), now=timezone.now())
    except AudienceError as error:
        return error


class AnyBytes(TestCase):
    """Each example in a transaction of its own."""

    @given(
        st.binary(max_size=300)
        | st.text("0123456789;,\n\r\"' =+@cusé", max_size=200).map(lambda text: text.encode("cp1252"))
    )
    @example(b"351 274-3915")
    @example(b"tel\n351 274-3915\n" * 3)
    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_any_bytes_are_a_report_or_a_refusal(self, data: bytes) -> None:
        campaign = draft("Hola {nombre|vecino}")
        outcome = attempt(campaign, data)
        if isinstance(outcome, AudienceError):
            assert outcome.code
            assert str(outcome)
            assert not Envio.objects.filter(campaign=campaign).exists()
            return
        report = outcome
        counts(report)
        assert Envio.objects.filter(campaign=campaign).count() == report.accepted
        assert len(kept_report(report.import_id)) == report.rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_every_encoding_and_separator_brings_the_same_people(encoding: str, delimiter: str) -> None:
    campaign = draft()
    rows = [HEADER, ["(0351) 15 2743915", "Ñusta Peña", "65037,77"], ["5493512743916@c.us", "José; Hnos", "1"]]
    import_file(campaign, io.BytesIO(csv_bytes(rows, encoding=encoding, delimiter=delimiter)), now=NOW)
    assert texts(campaign) == {ANA: "Hola Ñusta Peña, debes 65037,77.", BEA: "Hola José; Hnos, debes 1."}


def test_a_workbook_as_excel_writes_it_brings_the_same_people() -> None:
    campaign = draft()
    target = io.BytesIO()
    write_like_excel(target, [HEADER, ["(0351) 15 2743915", "Ñusta Peña", "65037,77"], ["", "", ""], [BEA, "Eva", "1"]])
    report = import_file(campaign, target, now=NOW)
    assert report.sheet == "Clientes"
    assert counts(report) == {"accepted": 2, "invalid": 1}
    assert texts(campaign) == {ANA: "Hola Ñusta Peña, debes 65037,77.", BEA: "Hola Eva, debes 1."}
