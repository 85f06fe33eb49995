"""What Brazil and Argentina read: Portuguese for every sentence, and vos wherever the Spanish of the code says tú."""

from __future__ import annotations

import re

import polib
import pytest

from tests.catalogues import COMPLETE, catalogue, sources, translations

# Forms that only tú has. What follows is told to somebody when a sentence begins with it: in its middle, "busca" may be
# what a third person does.
_TOLD = """
    puedes tienes quieres eres necesitas sabes crees usas sueltas apruebas cambias pides recibes recuerdas haces envías
    eliges inventas lees confirmas subes tú ti contigo
"""
_ASKED = """
    actualiza añade apunta busca completa corrige di elige escribe habla haz indica instala marca mira pide pon prueba
    quita resuelve revisa trabaja usa vincula
"""
_TU = re.compile(
    rf"\b(?:{'|'.join(_TOLD.split())})\b|(?:^|[.:;!?…] |[“(¿])(?:{'|'.join(_ASKED.split())})\b", re.IGNORECASE
)
# Somebody is asked and something hangs on it: ábrelo, elígelos. Nouns of the same sound are none.
_HANGING = re.compile(r"\b\w*[áéíóú]\w{1,4}(?:lo|la|los|las|le|les)\b", re.IGNORECASE)
_NOUNS = """
    cuáles cálculo código dársela dárselo dásela dáselas fórmulas hábiles límite mayúsculas miércoles minúsculas módulo
    múltiplo pedíselo recordársela título títulos vínculo vínculos
"""


def says_tu(sentence: str) -> bool:
    hanging = [word for word in _HANGING.findall(sentence) if word.lower() not in _NOUNS.split()]
    return bool(_TU.search(sentence) or hanging)


def spoken(language: str) -> dict[tuple[str | None, str], polib.POEntry]:
    return {(entry.msgctxt, entry.msgid): entry for entry in catalogue(language)}


@pytest.mark.parametrize("language", COMPLETE)
def test_every_sentence_is_said_in_every_language(language: str) -> None:
    said = spoken(language)

    missing = [entry.msgid for entry in catalogue("en") if (entry.msgctxt, entry.msgid) not in said]
    assert not missing, f"{len(missing)} sentences are not said in {language}: {missing[:20]}"


@pytest.mark.parametrize("language", ["pt_BR", "es_AR"])
def test_no_catalogue_says_what_nobody_asks_for(language: str) -> None:
    asked = set(spoken("en"))

    assert [msgid for context, msgid in spoken(language) if (context, msgid) not in asked] == []


@pytest.mark.parametrize("language", ["pt_BR", "wording/pt_BR"])
def test_portuguese_holds_no_spanish(language: str) -> None:
    spanish = re.compile(r"[ñ¿¡]|ción|(?<!-)\b(?:el|los|las|del|una|hay|muy|pero|también|hasta|usted)\b", re.IGNORECASE)

    left = [said for entry in catalogue(language) for said in translations(entry) if spanish.search(said)]
    assert left == []


def test_argentina_says_vos_wherever_the_code_says_tu() -> None:
    said = spoken("es_AR")

    missing = [
        entry.msgid
        for entry in catalogue("en")
        if any(map(says_tu, sources(entry))) and (entry.msgctxt, entry.msgid) not in said
    ]
    assert not missing, f"say these with vos in es_AR (leadmaster/locale/es_AR): {missing}"


def test_argentina_says_vos_where_spanish_replaces_djangos_own_sentences() -> None:
    said = spoken("wording/es_AR")

    missing = [
        entry.msgid
        for entry in catalogue("wording/es")
        if any(map(says_tu, translations(entry))) and (entry.msgctxt, entry.msgid) not in said
    ]
    assert not missing, f"say these with vos in es_AR: {missing}"


@pytest.mark.parametrize("language", ["es_AR", "wording/es_AR"])
def test_argentina_never_says_tu(language: str) -> None:
    assert [sentence for entry in catalogue(language) for sentence in translations(entry) if says_tu(sentence)] == []


@pytest.mark.parametrize("language", ["es_AR", "wording/es", "wording/es_AR"])
def test_nobody_is_spoken_to_as_usted(language: str) -> None:
    usted = re.compile(
        r"\b(?:usted|introduzca|ingrese|seleccione|elija|asegúrese|escriba su|haga clic|por favor)\b",
        re.IGNORECASE,
    )

    assert [said for entry in catalogue(language) for said in translations(entry) if usted.search(said)] == []


@pytest.mark.parametrize(
    "sentence",
    ["Puedes usar {nombre}.", "Elige otra.", "No es así: escríbelo de nuevo.", "¿Qué haces?", "Es para ti."],
)
def test_tu_is_recognised(sentence: str) -> None:
    assert says_tu(sentence)


@pytest.mark.parametrize(
    "sentence", ["Podés usarlo.", "El número del título.", "Quien escribe elige.", "Decile que sí."]
)
def test_what_is_not_tu_is_left_alone(sentence: str) -> None:
    assert not says_tu(sentence)
