"""Workbooks as people have them: several sheets, filters, formulas, formats, notes and merged headers."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from campaigns.audience import AudienceError, ImportReport, SheetChoice, import_file, inspect
from campaigns.models import Campaign, Envio, RecipientImport
from tests.campaigns.api.world import World, build
from tests.campaigns.audience.reading import kept_report, texts
from tests.company import signed_in
from tests.factories.campaigns import CampaignFactory
from tests.lib.xlsx.bombs import sheet as bomb_sheet
from tests.lib.xlsx.bombs import workbook as bare_workbook

pytestmark = pytest.mark.django_db

PHONES = ["+5493512743915", "+5491165178128", "+5493413449786", "+5493513359256", "+5491132834598"]
PEOPLE = [["Nombre", "Celular"], ["Ana", PHONES[0]], ["Luis", PHONES[1]], ["Eva", PHONES[2]]]


def book(*sheets: tuple[str, list[list[Any]]], active: int = 0) -> Workbook:
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets:
        page = made.create_sheet(title)
        for row in rows:
            page.append(row)
    made.active = active
    return made


def saved(made: Workbook) -> bytes:
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def draft(template: str = "Hola {nombre|vos}", region: str = "AR") -> Campaign:
    campaign: Campaign = CampaignFactory.create(session__region=region, template=template)
    return campaign


def bring(data: bytes, campaign: Campaign | None = None, **options: Any) -> ImportReport:
    return import_file(campaign or draft(), io.BytesIO(data), now=timezone.now(), **options)


# --- Which sheet --------------------------------------------------------------------------------------------------

HOW_TO = [["Cómo llenar esta planilla"], ["1. Un cliente por fila"], ["2. No borre columnas"]]
TWO = saved(book(("Enero", PEOPLE[:3]), ("Febrero", [PEOPLE[0], PEOPLE[3], ["Sol", PHONES[3]], ["Teo", PHONES[4]]])))


@pytest.mark.parametrize(
    ("made", "read", "others"),
    [
        (book(("Enero", PEOPLE), ("Febrero", PEOPLE)), "Enero", ("Febrero",)),
        (book(("Enero", PEOPLE), ("Febrero", PEOPLE), active=1), "Febrero", ("Enero",)),
        (book(("Instrucciones", HOW_TO), ("Clientes", PEOPLE)), "Clientes", ("Instrucciones",)),
        (book(("Clientes", PEOPLE), ("Resumen", [["Total", 3]]), active=1), "Clientes", ("Resumen",)),
        (book(("Clientes", [*[[None]] * 150, *PEOPLE]), ("Otra", PEOPLE)), "Clientes", ("Otra",)),
        (book(("Vacía", []), ("Clientes", PEOPLE), active=0), "Clientes", ("Vacía",)),
        (book(("Clientes", PEOPLE)), "Clientes", ()),
    ],
)
def test_the_sheet_that_the_book_opens_with_is_read_or_else_the_first_with_phones(
    made: Workbook, read: str, others: tuple[str, ...]
) -> None:
    found = inspect(io.BytesIO(saved(made)), region="AR")

    assert (found.sheet, found.other_sheets) == (read, others)
    report = bring(saved(made))
    assert (report.sheet, report.other_sheets, report.accepted) == (read, others, 3)


def test_another_sheet_is_read_when_somebody_chooses_it() -> None:
    assert bring(TWO).accepted == 2
    chosen = bring(TWO, choice=SheetChoice(sheet="Febrero"))
    assert (chosen.sheet, chosen.other_sheets, chosen.accepted) == ("Febrero", ("Enero",), 3)


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(AudienceError, match="Tiene: Enero, Febrero") as refused:
        bring(TWO, choice=SheetChoice(sheet="Marzo"))
    assert refused.value.code == "no_sheet"
    assert not Envio.objects.exists()


def test_sheets_that_cells_shade_down_to_row_120_are_no_empty_ones() -> None:
    blank = b"<row>" + b'<c s="1"/>' * 60 + b"</row>"
    person = b'<row r="121"><c t="inlineStr"><is><t>Celular</t></is></c></row><row><c><v>3512743915</v></c></row>'
    found = inspect(io.BytesIO(bare_workbook(bomb_sheet(blank, 120, tail=person))), region="AR")

    assert found.guess is not None
    assert (found.guess.header_row, found.headers, found.sample) == (121, ("Celular",), (("3512743915",),))


# --- Which rows ---------------------------------------------------------------------------------------------------


def filtered() -> bytes:
    made = book(("Clientes", [PEOPLE[0], *[["P", phone] for phone in PHONES]]))
    page = made.worksheets[0]
    page.auto_filter.ref = "A1:B6"
    for row in (2, 4, 6):
        page.row_dimensions[row].hidden = True
    return saved(made)


def test_rows_that_the_sheet_hides_stay_out_and_are_told() -> None:
    found = inspect(io.BytesIO(filtered()), region="AR")
    assert (found.hidden_rows, found.all_seen) == (3, True)

    report = bring(filtered())

    assert (report.hidden_rows, report.accepted, report.invalid, report.reasons) == (3, 2, 3, {"hidden": 3})
    lines = kept_report(report.import_id)
    assert ["oculta" in line["Motivo"] for line in lines] == [True, False, True, False, True]
    assert bring(filtered(), choice=SheetChoice(hidden_rows=True)).accepted == 5


def test_a_note_far_below_and_beside_the_table_is_nobody() -> None:
    made = book(("Clientes", PEOPLE))
    made.worksheets[0]["H20001"] = "nota suelta"

    report = bring(saved(made))

    assert (report.rows, report.accepted) == (3, 3)


def test_a_note_far_below_in_the_table_is_one_row_and_the_blanks_above_it_another() -> None:
    made = book(("Clientes", PEOPLE))
    made.worksheets[0]["A20001"] = "nota suelta"

    lines = kept_report(bring(saved(made)).import_id)

    assert [(line["Fila"], line["Motivo"]) for line in lines[3:]] == [
        ("5", "Las filas 5 a 20000 están vacías."),
        ("20001", "No hay teléfono en esta fila."),
    ]


def test_the_header_below_merged_cells_is_the_header() -> None:
    rows: list[list[Any]] = [["Datos", None, "Contacto telefónico", None], ["Apellido", "Nombre", "Celular", "Fijo"]]
    made = book(("Clientes", [*rows, *[["X", "Ana", phone, ""] for phone in PHONES]]))
    made.worksheets[0].merge_cells("A1:B1")

    found = inspect(io.BytesIO(saved(made)), region="AR")

    assert found.guess is not None
    assert (found.guess.header_row, found.headers) == (2, ("Apellido", "Nombre", "Celular", "Fijo"))
    assert bring(saved(made)).accepted == 5


# --- Which values -------------------------------------------------------------------------------------------------

SHOWN = [
    ("#,##0.00", 12345.5, "12.345,50"),
    ("0.00", 4115.166666666667, "4.115,17"),
    ("0%", 0.15, "15 %"),
    ("0.0%", 0.3, "30,0 %"),
    ("00000", 1, "00001"),
    ("[h]:mm", 1.5, "36:00"),
    ('"$" #,##0.00', 12345.5, "$ 12.345,50"),
    ('_-"$"\\ * #,##0.00_-;\\-"$"\\ * #,##0.00_-;_-"$"\\ * "-"??_-;_-@_-', -1234.5, "-$ 1.234,50"),
    ("#,##0_);[Red](#,##0)", -5000, "(5.000)"),
    ("0;(0)", -5, "(5)"),
    ('0" cuotas"', 3, "3 cuotas"),
    ('#,##0,"k"', 1234567, "1.235k"),
    ("[<=9999999]###-####;(###) ###-####", 3512743915, "(351) 274-3915"),
    ("# ?/?", 1.5, "1,5"),
    ("0.##", 12, "12"),
    ("General", 4115.166666666667, "4115,166667"),
    ("General", 65037.77, "65037,77"),
    ("@", 5, "5"),
    ("dd/mm/yyyy", dt.date(2026, 3, 15), "15/03/2026"),
    ("mm-dd-yy", dt.date(2026, 3, 15), "15/03/2026"),
    ("yyyy-mm-dd h:mm:ss", dt.datetime(2026, 3, 15, 10, 30), "15/03/2026 10:30"),  # noqa: DTZ001 - a book has no zones
    ("hh:mm", dt.time(9, 30), "09:30"),
    ("d-mmm", dt.date(2026, 3, 15), "15-mar"),
    ("mmm-yy", dt.date(2026, 3, 1), "mar-26"),
    ('[$-C0A]d" de "mmmm" de "yyyy', dt.date(2026, 3, 15), "15 de marzo de 2026"),
    ('dddd d "a las" h:mm AM/PM', dt.datetime(2026, 3, 15, 18, 5), "domingo 15 a las 18:05"),  # noqa: DTZ001
]


@pytest.mark.parametrize(("code", "value", "shown"), SHOWN)
def test_a_number_goes_out_as_the_sheet_shows_it(code: str, value: Any, shown: str) -> None:
    made = book(("Clientes", [["Celular", "Dato"], [PHONES[0], value]]))
    made.worksheets[0]["B2"].number_format = code
    campaign = draft("Dato: {dato}.")

    bring(saved(made), campaign)

    assert texts(campaign) == {PHONES[0]: f"Dato: {shown}."}


@pytest.mark.parametrize(
    ("template", "text"), [("Debes $ {saldo}", "Debes $ 500,00"), ("Debes {saldo}", "Debes $ 500,00")]
)
def test_the_sign_of_an_amount_goes_out_once(template: str, text: str) -> None:
    made = book(("Clientes", [["Celular", "Saldo"], [PHONES[0], 500]]))
    made.worksheets[0]["B2"].number_format = '"$" #,##0.00'
    campaign = draft(template)

    bring(saved(made), campaign)

    assert list(texts(campaign).values()) == [text]


def test_the_signs_of_a_number_are_the_regions() -> None:
    made = book(("Clientes", [["Celular", "Dato"], ["5512345678", 12345.5]]))
    made.worksheets[0]["B2"].number_format = "#,##0.00"
    campaign = draft("{dato}", region="MX")

    bring(saved(made), campaign)

    assert list(texts(campaign).values()) == ["12,345.50"]


@pytest.mark.parametrize("code", ["dd/mm/yyyy", "#,##0.00", "0.00E+00", "0%", ";;;", "General", "[h]:mm"])
def test_a_phone_is_its_digits_whatever_its_column_shows(code: str) -> None:
    made = book(("Clientes", [["Celular"], [3512743915], [1165178128]]))
    for cell in ("A2", "A3"):
        made.worksheets[0][cell].number_format = code
    campaign = draft()

    bring(saved(made), campaign)

    assert sorted(texts(campaign)) == sorted(PHONES[:2])


def test_errors_are_empty_and_a_negative_number_is_no_phone() -> None:
    rows: list[list[Any]] = [
        ["Celular", "Saldo"],
        [PHONES[0], "#N/A"],
        ["#DIV/0!", 5],
        [-3512743998, 5],
        [PHONES[1], 5],
    ]
    made = book(("Clientes", rows))
    for cell in ("B2", "A3"):
        made.worksheets[0][cell].data_type = "e"

    report = bring(saved(made), draft("{saldo}"))

    assert (report.accepted, report.reasons) == (1, {"missing_value": 1, "empty": 1, "letters": 1})


# --- Formulas -----------------------------------------------------------------------------------------------------


def test_formulas_that_nobody_computed_are_refused_where_they_are_needed() -> None:
    made = book(("Clientes", [["Area", "Celular", "Saldo"], ["351", '="+549"&A2&"2743915"', 5]]))
    for act in (bring, lambda data: inspect(io.BytesIO(data), region="AR")):
        with pytest.raises(AudienceError, match="Celular tiene fórmulas") as refused:
            act(saved(made))
        assert refused.value.code == "formulas"

    saldo = saved(book(("Clientes", [["Celular", "Saldo"], [PHONES[0], "=5+5"]])))
    with pytest.raises(AudienceError, match="Saldo tiene fórmulas"):
        bring(saldo, draft("Debes {saldo}"))
    assert bring(saldo, draft("Hola")).accepted == 1


@pytest.mark.parametrize(
    ("cell", "computed"),
    [
        (b'<c r="B2" t="str"><f>A2</f><v></v></c>', True),  # a text that is empty
        (b'<c r="B2"><f>A2</f><v>5</v></c>', True),
        (b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', True),
        (b'<c r="B2"><f>A2</f><v/></c>', False),
        (b'<c r="B2"><f>A2</f></c>', False),
        (b'<c r="B2"><f t="shared" si="0"/><v></v></c>', False),
    ],
)
def test_an_empty_text_is_a_result_and_an_empty_number_is_none(cell: bytes, computed: bool) -> None:
    head = b'<row r="1"><c t="inlineStr"><is><t>Celular</t></is></c><c t="inlineStr"><is><t>Saldo</t></is></c></row>'
    row = b'<row r="2"><c r="A2"><v>3512743915</v></c>' + cell + b"</row>"

    found = inspect(io.BytesIO(bare_workbook(bomb_sheet(b"", 0, head=head + row))), region="AR")

    assert found.uncomputed == (frozenset() if computed else {1})


# --- The three doors ----------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    return build()


def test_the_page_names_the_sheets_reads_another_and_asks_about_hidden_rows(world: World) -> None:
    made = book(("Enero", PEOPLE[:3]), ("Febrero", [PEOPLE[0], *[["P", phone] for phone in PHONES]]))
    made.worksheets[1].row_dimensions[2].hidden = True
    made.worksheets[1].row_dimensions[3].hidden = True
    campaign = world.campaign(template="Hola")
    client = signed_in(world.boss)
    upload = SimpleUploadedFile("libro.xlsx", saved(made))
    path = client.post(reverse("admin:campaigns_campaign_upload", args=[campaign.pk]), {"file": upload}).headers[
        "Location"
    ]

    page = client.get(path).content.decode()
    assert "Se lee <strong>Enero</strong>" in page
    assert '<option value="Febrero">' in page
    assert "Filas ocultas" not in page

    page = client.get(path, {"sheet": "Febrero"}).content.decode()
    assert "Se lee <strong>Febrero</strong>" in page
    assert "2 filas están ocultas en la hoja" in page
    assert re.search(r'<input type="hidden" name="sheet" value="Febrero"', page)

    assert client.get(path, {"sheet": "Marzo"}, follow=True).status_code == 200
    client.post(path, {"phone": "1", "name": "0", "header_row": "1", "sheet": "Febrero", "hidden_rows": ""})
    record = RecipientImport.objects.get()
    assert (record.rows, record.accepted, record.invalid) == (5, 3, 2)
    assert record.mapping["sheet"] == "Febrero"
    assert "Febrero" in client.get(path).content.decode()


def test_the_page_takes_hidden_rows_when_somebody_wants_them(world: World) -> None:
    campaign = world.campaign(template="Hola")
    client = signed_in(world.boss)
    upload = SimpleUploadedFile("libro.xlsx", filtered())
    path = client.post(reverse("admin:campaigns_campaign_upload", args=[campaign.pk]), {"file": upload}).headers[
        "Location"
    ]

    client.post(path, {"phone": "1", "name": "0", "header_row": "1", "hidden_rows": "with"})

    assert RecipientImport.objects.get().accepted == 5


def test_the_api_names_the_sheets_reads_another_and_tells_hidden_rows(world: World) -> None:
    campaign = world.campaign(template="Hola")
    path = f"/api/v1/campaigns/{campaign.pk}/recipients/"

    def send(tail: str, data: bytes, **fields: str) -> dict[str, Any]:
        body = {"file": SimpleUploadedFile("libro.xlsx", data), **fields}
        answer = world.client("owner").post(path + tail, body, format="multipart")
        assert answer.status_code in {200, 201}, answer.content
        told: dict[str, Any] = answer.json()
        return told

    preview = send("preview/", TWO)
    assert (preview["sheet"], preview["other_sheets"], preview["hidden_rows"]) == ("Enero", ["Febrero"], 0)
    assert send("preview/", TWO, sheet="Febrero")["sheet"] == "Febrero"
    report = send("?dry_run=true", TWO, sheet="Febrero")
    assert (report["sheet"], report["other_sheets"], report["accepted"]) == ("Febrero", ["Enero"], 3)
    assert send("preview/", filtered())["hidden_rows"] == 3
    report = send("?dry_run=true", filtered())
    assert (report["hidden_rows"], report["accepted"], report["reasons"]) == (3, 2, {"hidden": 3})
    assert send("", filtered(), hidden_rows="true")["accepted"] == 5


def test_the_command_names_the_sheets_reads_another_and_tells_hidden_rows(tmp_path: Any) -> None:
    campaign = draft()
    two, hidden = tmp_path / "two.xlsx", tmp_path / "hidden.xlsx"
    two.write_bytes(TWO)
    hidden.write_bytes(filtered())

    def run(*words: str) -> str:
        out = io.StringIO()
        call_command("import_recipients", str(campaign.pk), *words, "--dry-run", stdout=out)
        return out.getvalue()

    assert "Hoja leída: Enero. Sin leer: Febrero" in run(str(two))
    told = run(str(two), "--sheet", "Febrero", "--phone-column", "Celular")
    assert "Hoja leída: Febrero" in told
    assert "Aceptadas: 3" in told
    assert "ocultas en la hoja: 3, que quedaron afuera" in run(str(hidden))
    assert "ocultas en la hoja: 3, que también" in run(str(hidden), "--hidden-rows")
