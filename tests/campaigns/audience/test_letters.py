"""What other programs did to names and texts before they came here: mended, or the row left out and named."""

from __future__ import annotations

import datetime as dt
import io

import pytest

from campaigns.audience import import_file
from campaigns.audience.mapping import guess
from tests.campaigns.audience.reading import kept_report, texts
from tests.factories.campaigns import CampaignFactory
from tests.lib.tables.spreadsheets import xlsx_bytes
from tests.lib.test_mojibake import misread

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
PHONE = "+5493514111111"
SPLIT = "Hola {nombre|vos}: {nota|nada}"


def sent(data: bytes) -> tuple[dict[str, str], list[str]]:
    """The messages of the file, and the sentences about rows that were left out."""
    campaign = CampaignFactory(template=SPLIT, session__region="AR")
    report = import_file(campaign, io.BytesIO(data), now=NOW)
    return texts(campaign), [line["Motivo"] for line in kept_report(report.import_id) if line["Motivo"]]


def file(name: str, note: str = "vip") -> bytes:
    return f"nombre,teléfono,nota\n{name},351 411-1111,{note}\n".encode()


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac-roman"])
def test_a_file_that_was_read_wrongly_and_saved_again(encoding: str) -> None:
    broken = misread(file("José Núñez", "1º piso").decode(), encoding).encode()

    assert sent(broken) == ({PHONE: "Hola José Núñez: 1º piso"}, [])


def test_a_workbook_too() -> None:
    rows = [
        ["nombre", "telefono", "nota"],
        [misread("José Núñez", "cp1252"), "351 411-1111", "Mu&ntilde;oz &amp; C&iacute;a"],
    ]

    assert sent(xlsx_bytes(rows)) == ({PHONE: "Hola José Núñez: Muñoz & Cía"}, [])


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Jos&eacute; Mu&ntilde;oz", "José Muñoz"),
        ("Jos&#233; O&#39;Hara", "José O'Hara"),
        ("Tom & Jerry", "Tom & Jerry"),
        ("&NoSuchName;x", "&NoSuchName;x"),
        ("\u202eana\u202c Paz", "ana Paz"),
        ("(en blanco)", "vos"),
        ("(vazio)", "vos"),
        ("S/N", "vos"),
        ("sin nombre", "vos"),
        ("XXX", "vos"),
        ("0", "vos"),
        ("Xx Li", "Xx Li"),
    ],
)
def test_a_name_is_written_as_its_person_writes_it(name: str, greeted: str) -> None:
    assert sent(file(name)) == ({PHONE: f"Hola {greeted}: vip"}, [])


def test_a_letter_that_is_lost_leaves_the_row_out_where_the_message_says_it() -> None:
    messages, reasons = sent(file("Jos\ufffd"))

    assert messages == {}
    assert "Una letra se perdió" in reasons[0]


def test_a_lost_letter_that_nobody_is_told_is_no_matter() -> None:
    data = "nombre,teléfono,nota,barrio\nAna,351 411-1111,vip,C\ufffdrdoba\n".encode()

    assert sent(data) == ({PHONE: "Hola Ana: vip"}, [])


@pytest.mark.parametrize(
    ("header", "row", "phone"),
    [
        (["nombre", "telefono del garante", "telefono"], ["Ana", "351 499-9999", "351 411-1111"], 2),
        (["nombre", "celular madre", "telefono"], ["Ana", "351 499-9999", "351 411-1111"], 2),
        (["nombre", "tel vendedor", "whatsapp vendedor", "tel"], ["Ana", "3514999999", "3514999998", "3514111111"], 3),
        (["nombre", "telefono laboral", "telefono particular"], ["Ana", "351 499-9999", "351 411-1111"], 2),
        (["nombre", "celular del tutor"], ["Ana", "351 411-1111"], 1),
    ],
)
def test_the_phone_is_the_persons_own(header: list[str], row: list[str], phone: int) -> None:
    found = guess([header, row], region="AR")

    assert found is not None
    assert found.phone == phone


def test_somebody_elses_phone_is_not_taken_because_more_rows_have_it() -> None:
    rows = [[f"Ana {at}", "351 499-9999", "351 411-1111" if at < 2 else ""] for at in range(8)]

    found = guess([["nombre", "telefono garante", "telefono"], *rows], region="AR")

    assert found is not None
    assert found.phone == 2
