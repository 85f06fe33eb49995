"""Placeholders of other programs in a message of ours."""

from __future__ import annotations

import pytest

from leadmaster.lib.placeholders import foreign


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hola {{nombre}}", ("{{nombre}}", "nombre")),
        ("Hola {{ Nombre completo }}, ¿cómo estás?", ("{{ Nombre completo }}", "Nombre completo")),
        ("Hola {{1}}", ("{{1}}", "1")),
        ("Hola {{{nombre}}}", ("{{{nombre}}}", "nombre")),
        ("Hola ${nombre}", ("${nombre}", "nombre")),
        ("Hola #{nombre}", ("#{nombre}", "nombre")),
        ("Hola [nombre]", ("[nombre]", "nombre")),
        ("Hola [[lo que sea]]", ("[[lo que sea]]", "lo que sea")),
        ("Hola %nombre%", ("%nombre%", "nombre")),
        ("Hola %Cualquiera%", ("%Cualquiera%", "Cualquiera")),
        ("Hola %%cosa%%", ("%%cosa%%", "cosa")),
        ("Hola <nombre>", ("<nombre>", "nombre")),
        ("Hola <<cosa>>", ("<<cosa>>", "cosa")),
        ("Hola «Nombre»", ("«Nombre»", "Nombre")),
        ("Hola *|FNAME|*", ("*|FNAME|*", "FNAME")),
        ("Hola $nombre", ("$nombre", "nombre")),
        ("Hola @nombre", ("@nombre", "nombre")),
        ("Hola __nombre__", ("__nombre__", "nombre")),
        # The first one of the text, whatever its kind.
        ("Debes [saldo], {{nombre}}", ("[saldo]", "saldo")),
    ],
)
def test_is_found_as_it_is_written(text: str, found: tuple[str, str]) -> None:
    assert foreign(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Hola {nombre}, debes $ {saldo}",
        "Hola {nombre|vos}",
        # The currency in front of an amount, the sign in front of a number.
        "Tu cuota: ${cuota}. Pedido #{pedido}",
        "20% de descuento y 10% más",
        "Del 10%al 20%",
        "Entre el 5% y el 100% del total",
        "*Oferta* _solo hoy_ ~antes~",
        "Mira [la promo] o escribe a ana@nombre.com",
        "«Otoño» es el tema",
        "Cuesta $500, o US$ 20",
        "Llaves {{ sueltas",
        "https://ejemplo.com/?q=%C3%B1and%C3%BA",
        "2 < 3 y 5 > 4",
        "Síguenos: @tienda #promo",
        "https://ejemplo.com/?a=%20b%20c",
    ],
)
def test_ordinary_writing_is_left_alone(text: str) -> None:
    assert foreign(text) is None


def test_a_column_of_the_file_counts_as_known() -> None:
    assert foreign("Tu plan es [Plan Hogar]") is None
    assert foreign("Tu plan es [Plan Hogar]", known={"plan_hogar"}) == ("[Plan Hogar]", "Plan Hogar")
