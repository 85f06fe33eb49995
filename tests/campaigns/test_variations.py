"""Messages that vary from one person to another: `[Hola|Buenas]`."""

from __future__ import annotations

import collections

import pytest

from campaigns.parsing import parse
from campaigns.rendering import TemplateError, UnknownPlaceholdersError
from campaigns.template_checks import check_draft, check_template
from campaigns.variations import MOST_OPTIONS


def test_each_person_gets_one_of_the_options_and_the_same_one_every_time() -> None:
    template = parse("[Hola|Buenas|Qué tal] {nombre}, [¿cómo estás?|¿todo bien?]")
    phones = [f"+54911{number:08d}" for number in range(600)]
    first = [template.render({"nombre": "Ana"}, seed=phone) for phone in phones]
    assert first == [template.render({"nombre": "Ana"}, seed=phone) for phone in phones]
    shares = collections.Counter(first)
    assert template.texts == len(shares) == 6
    # 100 each if it were exact; a binomial of 600 leaves this range once in a million.
    assert all(55 <= count <= 150 for count in shares.values())


def test_what_a_phone_gets_is_fixed_by_this_release_and_by_the_next() -> None:
    template = parse("[a|b|c|d|e|f|g] [1|2|3|4|5|6|7]")
    texts = [template.render({}, seed=seed) for seed in ("+5491140000001", "+5491140000002", "+5491140000003")]
    assert texts == ["g 2", "f 7", "a 5"]


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("Hola {nombre|cliente}", {"Hola Ana"}),
        ("Hola [che|] {nombre}", {"Hola che Ana", "Hola Ana"}),
        ("[Hola {nombre|cliente}|Buenas]", {"Hola Ana", "Buenas"}),
        ("[Hola[ che| amigo]|Buenas], {nombre}", {"Hola che, Ana", "Hola amigo, Ana", "Buenas, Ana"}),
        ("Nota [importante]: [sí|no] y a|b", {"Nota [importante]: sí y a|b", "Nota [importante]: no y a|b"}),
        ("[ y [una|otra]", {"[ y una", "[ y otra"}),
        ("[{{a}}|b]", {"{a}", "b"}),
        ("[precio: {saldo}|b]", {"precio: 5", "b"}),
    ],
)
def test_options_hold_placeholders_and_options_and_brackets_without_a_bar_stay(template: str, texts: set[str]) -> None:
    parsed = parse(template)
    values = {"nombre": "Ana", "saldo": "5"}
    assert {parsed.render(values, seed=str(seed)) for seed in range(200)} == texts
    assert parsed.texts == len(texts)
    assert {parse(sample).render(values, seed="") for sample in parsed.samples(9)} == texts


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("[Hola|Buenas {nombre}", "Falta cerrar el corchete cerca de “[Hola|Buenas {nombre}”"),
        ("[[Hola|Buenas]] {nombre}", "“[[Hola|Buenas]]” saldría con corchetes"),
        ("[Hola|Buenas|Hola ]", "“[Hola|Buenas|Hola ]” dice dos veces lo mismo"),
        ("{Hola|Buenas|Qué tal}", "Para que el mensaje varíe de una persona a otra, escribe [Hola|Buenas|Qué tal]."),
        ("Hola [nombre|vecino]", "“[nombre|vecino]” diría la palabra “nombre”: para poner ese dato, escribe {nombre|"),
        ("[a|[b|[c|[d|e]]]]", "“[d|e]” tiene demasiadas opciones"),
        (f"[{'|'.join(map(str, range(MOST_OPTIONS + 1)))}]", "“[0|1|2|"),
        ("[Hola {nonbre}|Buenas]", "“{nonbre}” no existe"),
    ],
)
def test_what_can_only_be_a_mistake_is_refused_with_what_to_write(template: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as refused:
        check_draft(template)
    assert str(refused.value).startswith(sentence)


def test_a_column_in_the_wrong_brackets_is_told_once_the_file_is_known() -> None:
    assert check_draft("Tu [saldo|deuda]").varies
    with pytest.raises(TemplateError, match="diría la palabra “saldo”"):
        check_template("Tu [saldo|deuda]", columns=["Saldo"])
    with pytest.raises(UnknownPlaceholdersError, match=r"escribe \[Hola\|Buenas\]"):
        check_template("{Hola|Buenas} {nombre}", columns=["Saldo"])


def test_every_option_is_asked_of_the_file() -> None:
    assert parse("[Debes {saldo}|Hola {nombre}]").fields == {"saldo", "nombre"}


def test_brackets_are_read_whatever_their_number() -> None:
    nested = "[" * 4_000
    assert parse(nested).render({}, seed="") == nested
