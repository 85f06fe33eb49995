"""What a variant may not change."""

from __future__ import annotations

import pytest

from campaigns.variants.guard import problem_of, too_like

ORIGINAL = (
    "Hola {nombre|cliente}, te escribe Ana de Solar Norte. Tu cuota de $ 1.500,00 vence el 12/03: "
    "paga en https://solar.example.com/pagos o llama al 11 4567-8900. 20% menos con Visa."
)


def test_a_variant_that_says_the_same_in_other_words_may_go_out() -> None:
    variant = (
        "Buen día {nombre|cliente}. Soy Ana, de Solar Norte: el 12/03 vence tu cuota de $1.500,00. Con Visa tienes 20% "
        "menos. Puedes pagar en https://solar.example.com/pagos, o por teléfono al 11 4567-8900."
    )
    assert problem_of(variant, original=ORIGINAL) == ""


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("{nombre|cliente}", "{nombre}", "Le falta: {nombre|cliente}."),
        ("{nombre|cliente}", "cliente", "Le falta: {nombre|cliente}."),
        ("{nombre|cliente}", "{nombre|cliente} {nombre|cliente}", "Agrega lo que el mensaje no dice: {nombre|cliente}"),
        ("{nombre|cliente}", "{nombre|cliente} {saldo}", "Agrega lo que el mensaje no dice: {saldo}"),
        ("1.500,00", "1.500", "Le falta: $1.500,00."),
        ("$ 1.500,00", "US$ 1.500,00", "Le falta: $1.500,00."),
        ("12/03", "13/03", "Le falta: 12/03."),
        ("20%", "25%", "Le falta: 20%."),
        ("20%", "20", "Le falta: 20%."),
        ("/pagos", "/pago", "Le falta: https://solar.example.com/pagos."),
        ("https://", "http://", "Le falta: https://solar.example.com/pagos."),
        ("4567-8900", "4567-8901", "Le falta: 4567-8900."),
        ("Ana de Solar Norte", "Ana de Solar Sur", "Le falta: Norte."),
        ("Visa", "tarjeta", "Le falta: Visa."),
        ("Visa.", "Visa. Soy Ana y trabajo con Pedro", "Agrega lo que el mensaje no dice: Pedro."),
        ("Visa.", "Visa. Escribe a ventas@solar.example.com", "Agrega lo que el mensaje no dice: ventas@solar"),
        ("Visa.", "Visa. Mira solar-ofertas.com", "Agrega lo que el mensaje no dice: solar-ofertas.com."),
        ("Visa.", "Visa. Te esperan 3 regalos", "Agrega lo que el mensaje no dice: 3."),
        ("Hola", "[Hola|Buenas]", "Tiene corchetes o barras"),
        ("Hola", "Hola |", "Tiene corchetes o barras"),
        ("Hola", "Hola }", "Hay una llave suelta"),
    ],
)
def test_what_it_changes_is_named(before: str, after: str, sentence: str) -> None:
    assert problem_of(ORIGINAL.replace(before, after), original=ORIGINAL).startswith(sentence)


def test_an_empty_and_an_endless_one_are_refused() -> None:
    assert problem_of("  \n", original="Hola")
    assert problem_of("hola " * 900, original="Hola")


def test_names_are_asked_for_wherever_they_stand_and_a_sentence_may_begin_with_any_word() -> None:
    original = "Mercado Libre te saluda. ¿Nos vemos?"
    assert problem_of("¡Buenas! Te saluda Mercado Libre 🙂 Veámonos pronto.", original=original) == ""


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Hola Ana, te escribimos por tu pedido de ayer", "hola ana te escribimos por tu pedido de AYER!!", True),
        ("Hola Ana, te escribimos por tu pedido de ayer", "Buenas Ana, te escribimos por tu pedido de ayer", False),
        ("a b c d e f g h i j", "a b c d e f g h i x", True),
        ("a b c d e f g h i j", "j i h g f e d c b a", False),
    ],
)
def test_two_texts_are_alike_when_nine_of_ten_words_are(one: str, other: str, alike: bool) -> None:
    assert too_like(one, ["nada que ver", other]) is alike
