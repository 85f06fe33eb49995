"""Every command of ours speaks one language, from its `--help` to its refusals, and English where that is asked for."""

from __future__ import annotations

import argparse
import ast
import inspect
import re

import pytest
from django.conf import settings
from django.core.management import CommandError, get_commands, load_command_class
from django.utils import translation

from leadmaster.lib import commands
from leadmaster.lib.commands import BaseCommand

_ROOTS = ("leadmaster", "whatsapp", "campaigns", "opportunities")
OURS = sorted(name for name, app in get_commands().items() if app.partition(".")[0] in _ROOTS)
_ENGLISH = re.compile(
    r"\b(usage|options|arguments?|show|this|exit|the|and|with|of|print|report as|only|without|is|number|default:)\b"
)
# What argparse says to a programmer, and nobody who types a command reads.
_PROGRAMMERS = re.compile(
    r"__call__|invalid argument for positionals|must be optional|conflicting|is not callable|cannot merge|must start with"
    r"|dest= is required|invalid conflict_resolution|multiple subparser"
)


def help_of(name: str, language: str = settings.LANGUAGE_CODE) -> str:
    with translation.override(language):
        command = load_command_class(get_commands()[name], name)
        return str(command.create_parser("manage.py", name).format_help())


def prose(text: str) -> str:
    """Without what is typed as it stands: options, names of variables and places, quoted commands."""
    return re.sub(r"--?[\w-]+|[A-Z_]{2,}|\{[^}]*\}|https?://\S+|manage\.py \w+( \w+)?", " ", text.partition("\n\n")[2])


def test_there_are_commands_to_look_at() -> None:
    assert {"reconcile", "simulate_gateway", "qcluster", "import_recipients"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_command_stands_on_ours_and_its_help_is_in_one_language(name: str) -> None:
    command = load_command_class(get_commands()[name], name)

    assert isinstance(command, BaseCommand)
    assert help_of(name).startswith("uso: ")
    assert _ENGLISH.findall(prose(help_of(name)).lower()) == []


@pytest.mark.parametrize("name", OURS)
def test_every_sentence_of_a_help_has_its_english(name: str) -> None:
    command = load_command_class(get_commands()[name], name)
    told = {}
    for language in (settings.LANGUAGE_CODE, "en"):
        with translation.override(language):
            parser = command.create_parser("manage.py", name)
            told[language] = {action.dest: str(action.help) for action in parser._actions}
            told[language]["(description)"] = str(parser.description)

    spanish, english = told.values()
    assert {what for what in spanish if spanish[what] == english[what]} == set()
    assert help_of(name, "en").startswith("usage: ")


def test_whatever_argparse_says_to_people_has_our_words() -> None:
    tree = ast.parse(inspect.getsource(argparse))
    said = {
        word.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"_", "ngettext"}
        for word in call.args
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }

    assert len(said) > 20
    assert {words for words in said - set(commands.WORDS) if not _PROGRAMMERS.search(words)} == set()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "faltan estos argumentos: campaign, file"),
        (["x", "y"], "'x' no es un valor de tipo int"),
        (["1", "y", "--verbosity"], "falta su valor"),
        (["1", "y", "--verbosity", "9"], "9 no es una opción"),
        (["1", "y", "--nada"], "argumentos que no existen: --nada"),
    ],
)
def test_a_refusal_of_arguments_is_in_the_same_language(words: list[str], sentence: str) -> None:
    parser = load_command_class("campaigns", "import_recipients").create_parser("manage.py", "import_recipients")

    with pytest.raises(CommandError) as refused:
        parser.parse_args(words)

    assert sentence in str(refused.value)
    assert not _ENGLISH.search(str(refused.value).lower().replace("campaign, file", ""))


def test_a_refusal_at_the_terminal_is_too(capsys: pytest.CaptureFixture[str]) -> None:
    command = load_command_class("campaigns", "tick")
    command._called_from_command_line = True  # type: ignore[attr-defined]  # as `manage.py` does

    with pytest.raises(SystemExit):
        command.create_parser("manage.py", "tick").parse_args(["--nada"])

    assert capsys.readouterr().err.startswith("uso: manage.py tick")
    assert argparse._("usage: ") == "usage: "  # type: ignore[attr-defined]  # whoever else uses it has it as it was
