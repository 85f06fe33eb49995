"""What people write when they ask to be left alone, and what they write when they don't."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from campaigns.opt_outs import OptOut, meaning

DATA = Path(__file__).parent.parent / "data" / "opt_outs.csv"
RECALL, FALSE = 0.95, 0.01


def judged(file: Path) -> tuple[list[str], list[str]]:
    """Of a file of labelled messages: those that ask and were not understood, and those that don't and were taken for it."""
    with file.open(encoding="utf-8", newline="") as rows:
        labelled = [(row["text"], row["meaning"]) for row in csv.DictReader(rows)]
    asked = [text for text, label in labelled if label == "baja"]
    others = [text for text, label in labelled if label == "no"]
    assert len(asked) + len(others) == len(labelled)
    assert min(len(asked), len(others)) > 10
    missed = [text for text in asked if meaning(text) is not OptOut.ASKED]
    false = [text for text in others if meaning(text) is OptOut.ASKED]
    assert len(missed) <= (1 - RECALL) * len(asked), missed
    assert len(false) <= FALSE * len(others), false
    return missed, false


def test_of_hundreds_of_messages_in_three_languages_few_are_misread() -> None:
    judged(DATA)


@pytest.mark.parametrize(
    "text",
    [
        "no me escriban hoy que estoy trabajando", "não me mande mensagem agora de noite", "ya me di de baja",
        "si siguen así me doy de baja", "mi marido quiere darse de baja", "los voy a denunciar", "ya no quiero nada",
        "estoy harta de tantos mensajes",
    ],
)  # fmt: skip
def test_what_rules_can_not_tell_is_a_doubt(text: str) -> None:
    assert meaning(text) is OptOut.DOUBT


@pytest.mark.parametrize(
    ("asks", "stays"),
    [
        ("den de baja mi número", "quiero dar de baja el turno"),
        ("me dan de baja", "no me den de baja"),
        ("bájenme de la lista", "bájame el precio"),
        ("no me manden más mensajes", "no me mandaron más mensajes"),
        ("no me escriban más", "no me escriban más, mándenme un audio"),
        ("dejen de escribirme", "no dejen de escribirme"),
        ("deje de mandarme promociones", "dejé de recibir sus promociones"),
        ("me tira da lista", "não me tira da lista"),
        ("stop texting me", "don't stop texting me"),
        ("cancelar suscripción", "cancelar mi pedido"),
        ("bajaaaa", "rebaja"),
        ("n me manda mais msg", "me manda mais fotos"),
    ],
)
def test_the_same_words_otherwise(asks: str, stays: str) -> None:
    assert meaning(asks) is OptOut.ASKED
    assert meaning(stays) is OptOut.NO


def test_a_very_long_message_is_read_at_both_ends_and_no_text_takes_long() -> None:
    story = "les cuento lo que pasó con mi pedido de la otra vez. " * 1_000
    assert meaning(f"BAJA. {story}") is OptOut.ASKED
    assert meaning(f"{story} No me escriban más.") is OptOut.ASKED
    for text in (story, "no " * 20_000, "de la " * 20_000, "a" * 65_536):
        assert meaning(text) is OptOut.NO
