"""Templates: what they may ask for, and what each person's message becomes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.parsing import parse
from campaigns.rendering import (
    MAX_TEXT,
    MissingValuesError,
    TemplateError,
    UnknownPlaceholdersError,
    UnsendableTextError,
    field_name,
    values_of,
)
from campaigns.template_checks import check_draft, check_template


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Nombre", "nombre"),
        ("  Fecha de Alta ", "fecha_de_alta"),
        ("TELÉFONO", "telefono"),
        ("Saldo ($)", "saldo"),
        ("Código Postal / CP", "codigo_postal_cp"),
        ("año", "ano"),
        ("nombre_destino", "nombre_destino"),
        ("¿?", ""),
    ],
)
def test_a_column_is_called_without_minding_case_accents_and_spaces(header: str, expected: str) -> None:
    assert field_name(header) == expected


def test_placeholders_name_columns_in_any_spelling() -> None:
    template = parse("{Saldo} vence el {Fecha de Alta}, {NOMBRE} / {nombre_destino}")
    values = values_of("Ana", {"saldo": "10,50", "fecha_de_alta": "02/01/2026"})
    assert template.render(values, seed="") == "10,50 vence el 02/01/2026, Ana / Ana"


def test_doubled_braces_are_braces() -> None:
    assert parse("{{nombre}} de {nombre}: {{{nombre}}}").render({"nombre": "Ana"}, seed="") == "{nombre} de Ana: {Ana}"


def test_values_are_data_even_when_they_look_like_a_template() -> None:
    text = parse("Hola {nombre}").render({"nombre": "{saldo} }} {{ =HYPERLINK(1)"}, seed="")
    assert text == "Hola {saldo} }} {{ =HYPERLINK(1)"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("Hola {{nombre}}", "“{{nombre}}” saldría tal cual: escribe {nombre}, con una sola llave de cada lado."),
        ("Hola {{1}}", "“{{1}}” saldría tal cual: escribe {nombre}, con una sola llave de cada lado."),
        ("Hola [nombre]", "“[nombre]” saldría tal cual: escribe {nombre}, con una sola llave de cada lado."),
        ("Hola %nombre%", "“%nombre%” saldría tal cual: escribe {nombre}, con una sola llave de cada lado."),
        ("Hola {nonbre}", "“{nonbre}” no existe: ¿quisiste escribir {nombre}? Corrígelo antes de guardar."),
        ("Hola {nombr}", "“{nombr}” no existe: ¿quisiste escribir {nombre}? Corrígelo antes de guardar."),
        (
            "Hola {nombre_destno}",
            "“{nombre_destno}” no existe: ¿quisiste escribir {nombre_destino}? Corrígelo antes de",
        ),
        ("Hola {1}", "“{1}” no dice qué dato va ahí: escribe entre llaves el nombre de una columna, como {nombre}."),
    ],
)
def test_a_draft_is_refused_what_can_only_be_a_mistake(template: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as refused:
        check_draft(template)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    "template",
    [
        "{nombre}",
        "{Nombre}",
        "{nombres}",
        "{nombre2}",
        "{nombre_cliente}",
        "{nome}",
        "{saldo}",
        "{numero}",
        "{Empresa}",
    ],
)
def test_a_draft_may_name_columns_that_its_file_has_yet_to_bring(template: str) -> None:
    assert check_draft(f"Hola {template}").placeholders


def test_with_recipients_there_nothing_but_their_columns_is_accepted() -> None:
    assert check_draft("Debes {saldo}", columns=["Saldo"]).fields == {"saldo"}
    with pytest.raises(UnknownPlaceholdersError):
        check_draft("Debes {sado}", columns=["Saldo"])
    with pytest.raises(TemplateError, match=r"\[plan\]"):
        check_template("Tu plan es [plan]", columns=["Plan"])


@pytest.mark.parametrize("template", ["Hola {nombre", "Hola nombre}", "a { b { c }", "x }"])
def test_a_loose_brace_is_refused_with_its_place(template: str) -> None:
    with pytest.raises(TemplateError, match="llave suelta cerca de"):
        parse(template)


@pytest.mark.parametrize("template", ["{}", "{ }", "{|x}", "{¿?}"])
def test_empty_braces_are_refused(template: str) -> None:
    with pytest.raises(TemplateError, match="llaves vacías"):
        parse(template)


def test_unknown_placeholders_are_refused_with_all_their_names() -> None:
    with pytest.raises(UnknownPlaceholdersError) as refusal:
        check_template("{nombre} {Sáldo} {cuota} {saldo} {Fecha de alta}", columns=["Fecha de Alta"])
    assert refusal.value.names == ["Sáldo", "cuota", "saldo"]
    assert "{Sáldo}, {cuota}, {saldo}" in str(refusal.value)
    assert "{fecha_de_alta}" in str(refusal.value)


def test_columns_are_known_as_a_file_or_as_a_template_writes_them() -> None:
    template = check_template("{nombre_destino} {fecha_de_alta} {Saldo}", columns=["Fecha de Alta", "saldo"])
    assert template.fields == {"nombre_destino", "fecha_de_alta", "saldo"}


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(TemplateError, match="Escribe el mensaje"):
        check_template("  \n", columns=[])


def test_a_missing_value_is_refused_with_the_names_as_written() -> None:
    with pytest.raises(MissingValuesError) as refusal:
        parse("{nombre}, debes {Saldo Total} de {cuota} y {Saldo Total}").render(
            {"nombre": "Ana", "saldo_total": "", "cuota": ""}, seed=""
        )
    assert refusal.value.names == ["Saldo Total", "cuota"]


def test_a_default_stands_in_for_an_empty_cell() -> None:
    template = parse("Hola {nombre|cliente}{nota|}.")
    assert template.render({"nombre": "", "nota": ""}, seed="") == "Hola cliente."
    assert template.render({"nombre": "Ana", "nota": " (VIP)"}, seed="") == "Hola Ana (VIP)."


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hola {nombre}, tu turno es hoy.", "Hola, tu turno es hoy."),
        ("¡Hola {nombre}!", "¡Hola!"),
        ("Hola, {nombre}!", "Hola!"),
        ("{nombre}, tu turno es hoy.", "tu turno es hoy."),
        ("Hola {nombre} tu turno es hoy", "Hola tu turno es hoy"),
        ("Gracias {nombre}\nSaludos", "Gracias\nSaludos"),
        ("Buenos días,\n{nombre}: hoy vence.", "Buenos días,\nhoy vence."),
        ("Hola {nombre}", "Hola"),
        ("({nombre}) hola", "() hola"),
    ],
)
def test_somebody_without_a_name_is_greeted_without_one(template: str, expected: str) -> None:
    assert parse(template).render({"nombre": ""}, seed="") == expected


def test_a_text_that_whatsapp_would_not_take_is_refused() -> None:
    with pytest.raises(UnsendableTextError, match="4097 caracteres"):
        parse("{nota}").render({"nota": "x" * (MAX_TEXT + 1)}, seed="")
    with pytest.raises(UnsendableTextError, match="vacío"):
        parse("{nombre}").render({"nombre": ""}, seed="")
    assert parse("{nota}").render({"nota": "x" * MAX_TEXT}, seed="") == "x" * MAX_TEXT


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_template_or_a_refusal(text: str) -> None:
    try:
        template = parse(text)
    except TemplateError:
        return
    values = dict.fromkeys(template.fields, "x")
    written = "".join(part if isinstance(part, str) else "x" for part in template.chosen("").parts)
    if written.strip() and "\x00" not in written and len(written) <= MAX_TEXT:
        assert template.render(values, seed="") == written


@settings(deadline=None)
@given(st.text(min_size=1, max_size=200))
def test_literal_text_comes_out_as_it_went_in(text: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    if text.strip() and "\x00" not in text and "|" not in text:
        assert parse(escaped).render({}, seed="") == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hola {nombre} {apellidos|}!", "Hola Petra!"),
        ("Hola {nombre} {apellidos|}, buen día", "Hola Petra, buen día"),
        ("Hola {nombre} {apellidos|} {nota|}.", "Hola Petra."),
        ("Hola {nombre}{nota|}", "Hola Petra"),
        ("{nota|} Hola {nombre}", "Hola Petra"),
        ("Hola {nombre} ({nota|}) y chau", "Hola Petra () y chau"),
        ("Hola {nombre}\n{nota|}\nChau", "Hola Petra\nChau"),
        ("Hola {nombre}\n{nota|}", "Hola Petra\n"),
        ("Tu código: {nota|}.", "Tu código."),
    ],
)
def test_what_is_said_as_nothing_leaves_no_gap(template: str, text: str) -> None:
    assert parse(template).render({"nombre": "Petra", "apellidos": "", "nota": ""}, seed="") == text
