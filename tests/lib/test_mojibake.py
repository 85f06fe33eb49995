"""Letters come back, and what only looks like lost ones stays."""

from __future__ import annotations

import pytest

from leadmaster.lib.mojibake import restored

_HOLES = "\x81\x8d\x8f\x90\x9d"


def misread(text: str, encoding: str) -> str:
    if encoding != "cp1252":
        return text.encode().decode(encoding)
    return "".join(chr(byte) if chr(byte) in _HOLES else bytes([byte]).decode("cp1252") for byte in text.encode())


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp850", "mac-roman"])
@pytest.mark.parametrize(
    "text", ["José Núñez", "MARÍA ÁVILA PEÑA ÍÑIGUEZ", "João Conceição", "ANTÔNIO", "“Ana” – O’Neil… € 50", "1º y 2ª"]
)
def test_what_was_read_wrongly_is_read_again(text: str, encoding: str) -> None:
    broken = misread(text, encoding)

    assert restored(broken) == text
    # A right letter beside it: somebody went on typing in the broken file.
    assert restored(f"{broken} ñandú") == f"{text} ñandú"


def test_twice_misread_and_emoji() -> None:
    assert restored(misread(misread("Núñez", "cp1252"), "cp1252")) == "Núñez"
    assert restored(misread("Ana 😀", "cp1252")) == "Ana 😀"


@pytest.mark.parametrize(
    "text",
    ["", "Ana", "JOÃO", "SÃO PAULO", "CONCEIÇÃO", "Ângela", "IRMÃ™", "IRMÃ®", "MANHÃ…", "“MANHÔ", "«IRMû", "CHÃ–MATE",
     "√9", "5 √ 4", "½ ¬ ±", "100 m² Â", "Äpfel", "Ç±", "👍🏽"],
)  # fmt: skip
def test_what_is_right_stays(text: str) -> None:
    assert restored(text) == text
