"""Files as they come out of programs and hands, each with what is right: the texts, and why the other rows stay out.

A message with a wrong amount is worse than none, and nobody may be lost without a line in the report.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io

import pytest

from campaigns.audience import AudienceError, import_file, inspect
from campaigns.models import Campaign, Envio
from tests.campaigns.audience.reading import kept_report, texts
from tests.factories.campaigns import CampaignFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
HEADER = "nombre,telefono,monto,vence,direccion,nota\r\n"
ANA = 'Ana Paz,351 411-1111,12000,01/11/2026,"San Martín 1, Salta",vip\r\n'
EVA = 'Eva Sol,351 433-3333,14000,03/11/2026,"Colón 7, Salta",vip\r\n'
DUE = "{nombre}: {monto} el {vence}"
ANAS, EVAS = "Ana Paz: 12000 el 01/11/2026", "Eva Sol: 14000 el 03/11/2026"


@dataclasses.dataclass(frozen=True, kw_only=True)
class File:
    """`texts` are the messages, in the order of the file; `reasons` those of the rows left out; `named` who is in the
    report all the same."""

    data: str | bytes
    template: str = DUE
    texts: tuple[str, ...]
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)
    named: tuple[str, ...] = ()

    @property
    def bytes(self) -> bytes:
        return self.data if isinstance(self.data, bytes) else self.data.encode()


READ = {
    "a decimal comma cut every amount": File(
        data="nombre,telefono,monto,vence\nAna,351 411-1111,1234,50,01/11/2026\nEva,351 433-3333,99,25,03/11/2026\n",
        texts=("Ana: 1234,50 el 01/11/2026", "Eva: 99,25 el 03/11/2026"),
    ),
    "a decimal comma cut every amount and the last cell is blank": File(
        data="nombre,telefono,monto,nota\nAna,351 411-1111,1234,50,\nEva,351 433-3333,99,25,\n",
        template="{nombre}: {monto}. {nota|}",
        texts=("Ana: 1234,50.", "Eva: 99,25."),
    ),
    "two amounts cut in every row": File(
        data="nombre,telefono,monto,cuota\nAna,351 411-1111,1234,50,10,5\nEva,351 433-3333,99,25,11,0\n",
        template="{nombre}: {monto} en {cuota}",
        texts=("Ana: 1234,50 en 10,5", "Eva: 99,25 en 11,0"),
    ),
    "a row lacks a separator": File(
        data=HEADER + ANA + 'Luis,351 422-2222,1300002/11/2026,"Belgrano 2, Salta",vip\r\n' + EVA,
        texts=(ANAS, EVAS),
        reasons={"missing_cells": 1},
        named=("Luis",),
    ),
    "a row lacks a separator and its last cell is blank": File(
        data=HEADER + ANA + "Luis,351 422-2222,1300002/11/2026,Belgrano 2,\r\n" + EVA,
        texts=(ANAS, EVAS),
        reasons={"missing_cells": 1},
        named=("Luis",),
    ),
    "a separator too many in a row whose last cell is blank": File(
        data=HEADER + ANA + "Luis,351 422-2222,,13000,02/11/2026,Belgrano 2,\r\n" + EVA,
        texts=(ANAS, EVAS),
        reasons={"extra_cells": 1},
        named=("Luis",),
    ),
    "a stray quote closes in its own row": File(
        data=HEADER + 'Luis,351 422-2222,"13000,02/11/2026,"Belgrano 2, Salta",vip\r\n' + EVA,
        texts=(EVAS,),
        reasons={"open_quotes": 1},
        named=("Luis",),
    ),
    "a stray quote at the end of an amount": File(
        data=HEADER + 'Luis,351 422-2222,13000",02/11/2026,Belgrano 2,vip\r\n' + EVA,
        texts=(EVAS,),
        reasons={"open_quotes": 1},
        named=("Luis",),
    ),
    "a quote takes the next line into the last cell": File(
        data=HEADER + ANA.replace("vip", '"vip') + EVA,
        texts=(EVAS,),
        reasons={"open_quotes": 1},
        named=("Ana Paz",),
    ),
    "quotes take in a row without a phone and close in it": File(
        data=HEADER + ANA.replace("vip", '"vip') + 'Sin,,1,02/11/2026,Belgrano 2,"\r\n' + EVA,
        texts=(EVAS,),
        reasons={"open_quotes": 2},
        named=("Ana Paz", "Sin"),
    ),
    "quotes in mid-row take in several rows": File(
        data="nombre;telefono;producto;monto;vence\nAna;351 411-1111;\"TV;1;x\nLuis;;Radio;2;y\nEva;;TV 32\";3;z\n",
        texts=(),
        reasons={"open_quotes": 2, "empty": 1},
        named=("Ana", "Luis", "Eva"),
    ),
    "the header's quote takes in the first person": File(
        data=HEADER.replace("nota", '"nota') + ANA + EVA, texts=(ANAS, EVAS)
    ),
    "a second table in another order": File(
        data=HEADER + ANA + "\r\nnombre,telefono,vence,monto,direccion,nota\r\nLuis,351 422-2222,02/11/2026,13000,x,y\r\n",
        texts=(ANAS,),
        reasons={"blank": 1, "header": 1, "other_table": 1},
        named=("Luis",),
    ),
    "a second table with its phones elsewhere": File(
        data=HEADER + ANA + "vence,monto,nombre,telefono,direccion,nota\r\n02/11/2026,13000,Luis,351 422-2222,x,y\r\n",
        texts=(ANAS,),
        reasons={"header": 1, "other_table": 1},
        named=("Luis", "351 422-2222"),
    ),
    "the header once more": File(
        data=HEADER + ANA + HEADER + EVA, texts=(ANAS, EVAS), reasons={"header": 1}
    ),
    "backslashes before quotes": File(
        data=HEADER + ANA.replace('"San Martín 1, Salta"', r'"Barrio \"Los Pinos\", 3"') + EVA,
        template="{nombre}: {direccion}",
        texts=('Ana Paz: Barrio "Los Pinos", 3', "Eva Sol: Colón 7, Salta"),
    ),
    "MySQL's own nothing": File(
        data='"nombre","telefono","nota"\n"Ana \\"Tita\\"","3514111111",\\N\n"Eva","3514333333","a\\\\b"\n',
        template="{nombre}: {nota|nada}",
        texts=('Ana "Tita": nada', "Eva: a\\\\b"),
    ),
    "apostrophes instead of quotes": File(
        data=HEADER + ANA.replace('"', "'") + EVA.replace('"', "'"),
        template="{nombre}: {direccion}",
        texts=("Ana Paz: San Martín 1, Salta", "Eva Sol: Colón 7, Salta"),
    ),
    "everything in apostrophes": File(
        data="'nombre';'telefono';'monto';'vence'\n'Ana';'351 411-1111';'1';'x; y'\n'O'Higgins';'351 422-2222';'2';'y'\n",
        texts=("Ana: 1 el x; y",),
        reasons={"open_quotes": 1},
        named=("O'Higgins",),
    ),
    "a space after each separator": File(
        data='nombre, telefono, direccion\n"Ana", "351 411-1111", "San Martín 1, Salta"\n"Eva", "351 433-3333", "x"\n',
        template="{nombre}: {direccion}",
        texts=("Ana: San Martín 1, Salta", "Eva: x"),
    ),
    "whole lines in quotes": File(
        data='"nombre;telefono;monto;vence"\n"Ana ""Tita"";351 411-1111;1,50;hoy"\n"Eva;351 433-3333;2,50;hoy"\n',
        texts=('Ana "Tita": 1,50 el hoy', "Eva: 2,50 el hoy"),
    ),
    "LibreOffice's colon": File(
        data='"nombre":"telefono":"monto":"vence"\n"Ana":"351 411-1111":"1":"a: b"\n"Eva":"351 433-3333":"2":"c"\n',
        texts=("Ana: 1 el a: b", "Eva: 2 el c"),
    ),
    "a line of phones": File(
        data="351 411-1111, +54 9 351 422-2222; 0351 15 433-3333", template="Hola", texts=("Hola", "Hola", "Hola")
    ),
    "separators at the end of every row": File(
        data="nombre;telefono;monto;vence\nAna;351 411-1111;1;x;;;;\nEva;351 433-3333;2;y;;;;\n",
        texts=("Ana: 1 el x", "Eva: 2 el y"),
    ),
    "separators at the end of one row": File(
        data="nombre;telefono;monto;vence\nAna;351 411-1111;1;x\nEva;351 433-3333;2;y;;;;\n",
        texts=("Ana: 1 el x", "Eva: 2 el y"),
    ),
    "two people in one line": File(
        data=HEADER + ANA.rstrip() + EVA + "Luis,351 422-2222,1,x,y,z\r\n",
        texts=("Luis: 1 el x",),
        reasons={"extra_cells": 1},
        named=("Ana Paz", "351 433-3333"),
    ),
    "a line end inside a name": File(
        data=HEADER + "Ana\r\nPaz" + ANA.removeprefix("Ana Paz") + EVA,
        texts=(EVAS,),
        reasons={"missing_cells": 1, "torn": 1},
        named=("Paz",),
    ),
    "errors of a spreadsheet": File(
        data="nombre;telefono;monto;vence\nAna;3514111111;#N/D;x\n#¡VALOR!;3514222222;1;x\nEva;3514333333;########;x\n"
        "NULL;3514444444;2;x\nLuz;#N/D;3;x\nPaz;3514555555;4;N/A\n",
        texts=("1 el x", "2 el x"),
        reasons={"missing_value": 3, "empty": 1},
        named=("Ana", "Eva", "Luz", "Paz"),
    ),
    "a name that nobody sees": File(
        data="nombre;telefono\n\u200b\u2060;3514111111\n\u3164;3514222222\n😀;3514333333\n - ;3514444444\n",
        template="Hola {nombre}!",
        texts=("Hola!", "Hola!", "Hola 😀!", "Hola!"),
    ),
    "rows of Windows in a file of UTF-8": File(
        data="nombre;telefono\nMaría;3514111111\n".encode() + "Peña;3514222222\nÑusta;3514333333\nNúñez;3514444444\n".encode("cp1252"),
        template="{nombre}",
        texts=("María", "Peña", "Ñusta", "Núñez"),
    ),
    "a row of UTF-8 in a file of Windows": File(
        data=("nombre;telefono\n" + "".join(f"Peña;35141111{n:02}\n" for n in range(30))).encode("cp1252")
        + "María;3514222222\n".encode(),
        template="{nombre}",
        texts=(*["Peña"] * 30, "María"),
    ),
    "zeros and marks in mid-file": File(
        data="\ufeffnombre;telefono\nAn\x00a;3514111111\n\ufeffEva;3514333333\n", template="{nombre}", texts=("Ana", "Eva")
    ),
    "zeros that fill a column": File(
        data="id|nombre|telefono\n0001|Ana      |00000000093514111111\n0002|Eva      |00000000003514333333\n",
        template="{nombre}",
        texts=("Ana", "Eva"),
    ),
}  # fmt: skip

REFUSED = {
    "the header has a separator more": ("nombre,telefono,,monto,vence\nAna,351 411-1111,1,x\nEva,351 433-3333,2,y\n", "widths"),
    "decimal commas cut some amounts": (
        "nombre,telefono,monto,vence\nAna,351 411-1111,1234,50,x\nLuz,351 422-2222,9,y\nEva,351 433-3333,99,25,z\n", "widths",
    ),
    "cut amounts beside other numbers": (
        "nombre,telefono,cuotas,monto\nAna,351 411-1111,3,12,50\nEva,351 433-3333,6,99,25\n", "widths",
    ),
    "an unquoted separator in most rows": (
        "nombre,telefono,monto\nPaz, Ana,351 411-1111,1\nSol, Eva,351 433-3333,2\n", "widths",
    ),
    "a header and blank rows": ("nombre;telefono\n;;\n;\n ; ; \n", "no_rows"),
    "columns that nothing separates": ("nombre telefono monto\nAna 351 411-1111 12\nEva 351 433-3333 13\n", "no_separator"),
    "a web page": ("<!-- x -->\n<style>td{}</style>\n<table><tr><td>nombre</td></tr></table>", "markup"),
    "a web page with a mark": ("\ufeff<html>\n<body>\n<table>\n<tr>\n<td>nombre</td>\n</tr></table>", "markup"),
    "JSON": ('[{"nombre": "Ana", "telefono": "351 411-1111"}]', "json"),
    "JSON, line by line": ('{"nombre": "Ana", "telefono": "351 411-1111"}\n{"nombre": "Eva"}\n', "json"),
    "contact cards": ("BEGIN:VCARD\r\nFN:Ana\r\nTEL;TYPE=CELL:351 411-1111\r\nEND:VCARD\r\n", "contact_cards"),
    "LibreOffice's flat XML": ('<?xml version="1.0"?>\n<office:document xmlns:office="urn:oasis:names:tc:opendocument"/>', "ods"),
    "Excel's old XML": ('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "xml_excel"),
    "some XML": ("<clientes><cliente><nombre>Ana</nombre></cliente></clientes>", "xml"),
    "statements of SQL": ("-- MySQL dump\nCREATE TABLE x (id int);\nINSERT INTO x VALUES (1);", "database"),
}  # fmt: skip


def draft(template: str) -> Campaign:
    campaign: Campaign = CampaignFactory.create(session__region="AR", template=template)
    return campaign


@pytest.mark.parametrize("file", READ.values(), ids=READ.keys())
def test_what_a_file_says_goes_out_and_the_other_rows_are_named(file: File) -> None:
    campaign = draft(file.template)
    report = import_file(campaign, io.BytesIO(file.bytes), now=NOW)

    assert tuple(Envio.objects.filter(campaign=campaign).order_by("id").values_list("text", flat=True)) == file.texts
    assert report.reasons == file.reasons
    lines = ["|".join(line.values()) for line in kept_report(report.import_id) if line["Resultado"] != "aceptada"]
    assert len(lines) == sum(file.reasons.values())
    assert all(any(name in line for line in lines) for name in file.named), lines


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_can_only_be_guessed_at_is_refused_and_says_what_to_do(text: str, code: str) -> None:
    campaign = draft("Hola")
    with pytest.raises(AudienceError) as refused:
        import_file(campaign, io.BytesIO(text.encode()), now=NOW)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")
    assert texts(campaign) == {}


def test_the_preview_refuses_a_shifted_file_and_shows_the_amounts_of_a_joined_one() -> None:
    shifted = REFUSED["decimal commas cut some amounts"][0]
    with pytest.raises(AudienceError) as refused:
        inspect(io.BytesIO(shifted.encode()), region="AR")
    assert refused.value.code == "widths"

    joined = inspect(io.BytesIO(READ["a decimal comma cut every amount"].bytes), region="AR")
    assert joined.headers == ("nombre", "telefono", "monto", "vence")
    assert joined.sample[0] == ("Ana", "351 411-1111", "1234,50", "01/11/2026")
