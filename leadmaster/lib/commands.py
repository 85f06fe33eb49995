"""What every `manage.py` command of ours stands on: it speaks the project's language from its `--help` to its refusals.

Not the machine's `LANG`: what a command prints ends in tickets and logs that everybody reads, and what it writes into
the database is read by everybody too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from typing import Any

from django.core.management import base
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext_lazy as _

# argparse's own words, as it writes them.
WORDS = {
    "usage: ": _("uso: "),
    "options": _("opciones"),
    "positional arguments": _("argumentos"),
    "subcommands": _("órdenes"),
    "show this help message and exit": _("muestra esta ayuda y termina"),
    "%(prog)s: error: %(message)s\n": _("%(prog)s: error: %(message)s\n"),
    "argument %(argument_name)s: %(message)s": _("argumento %(argument_name)s: %(message)s"),
    "unrecognized arguments: %s": _("argumentos que no existen: %s"),
    "ambiguous option: %(option)s could match %(matches)s": _("opción ambigua: %(option)s puede ser %(matches)s"),
    "invalid choice: %(value)r (choose from %(choices)s)": _("%(value)r no es una opción (elige entre %(choices)s)"),
    "can't open '%(filename)s': %(error)s": _("no se puede abrir '%(filename)s': %(error)s"),
    "expected one argument": _("falta su valor"),
    "expected at most one argument": _("lleva un valor como mucho"),
    "expected at least one argument": _("falta al menos un valor"),
    "expected %s argument": _("lleva %s valor"),
    "expected %s arguments": _("lleva %s valores"),
    "invalid %(type)s value: %(value)r": _("%(value)r no es un valor de tipo %(type)s"),
    "unknown parser %(parser_name)r (choices: %(choices)s)": _(
        "la orden %(parser_name)r no existe (elige entre %(choices)s)"
    ),
    "the following arguments are required: %s": _("faltan estos argumentos: %s"),
    "one of the arguments %s is required": _("falta uno de estos argumentos: %s"),
    'argument "-" with mode %r': _('argumento "-" con modo %r'),
    "not allowed with argument %s": _("no se puede junto con %s"),
    "unexpected option string: %s": _("opción inesperada: %s"),
    "ignored explicit argument %r": _("no lleva valor, y tiene %r"),
}

# What Django says of the options that every command has.
COMMON = {
    "--version": _("muestra la versión de Django y termina"),
    "--verbosity": _("cuánto cuenta: 0 lo mínimo, 1 lo normal, 2 más, 3 todo"),
    "--settings": _("módulo de configuración, en lugar de DJANGO_SETTINGS_MODULE"),
    "--pythonpath": _("carpeta que se agrega a las de Python"),
    "--traceback": _("si algo falla, muestra la traza entera"),
    "--no-color": _("sin colores"),
    "--force-color": _("con colores aunque no sea una terminal"),
    "--skip-checks": _("sin las revisiones del arranque"),
}


class Parser(CommandParser):
    """argparse in the project's language. It asks two names of its module for its words; ours stand there meanwhile."""

    def __init__(self, **options: Any) -> None:
        with _our_words():
            super().__init__(**options)

    def parse_args(self, *args: Any, **options: Any) -> Any:
        with _our_words():
            return super().parse_args(*args, **options)

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        with _our_words():
            return super().parse_known_args(*args, **options)

    def format_usage(self) -> str:
        with _our_words():
            return super().format_usage()

    def format_help(self) -> str:
        with _our_words():
            return super().format_help()

    def error(self, message: str) -> Any:
        if not self.called_from_command_line:
            raise CommandError(message)
        super().error(message)


class BaseCommand(base.BaseCommand):
    """`help` is a lazy sentence; those of the arguments are translated when the parser is made."""

    help: Any = ""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """As Django's, whose parser and words can't be exchanged one by one."""
        parser = Parser(
            prog=f"{os.path.basename(prog_name)} {subcommand}",  # noqa: PTH119 - as Django writes it
            description=str(self.help) or None,
            formatter_class=options.pop("formatter_class", base.DjangoHelpFormatter),
            missing_args_message=getattr(self, "missing_args_message", None),
            called_from_command_line=getattr(self, "_called_from_command_line", None),
            **options,
        )
        self.add_base_argument(parser, "--version", action="version", version=self.get_version())
        self.add_base_argument(parser, "-v", "--verbosity", default=1, type=int, choices=[0, 1, 2, 3])
        self.add_base_argument(parser, "--settings")
        self.add_base_argument(parser, "--pythonpath")
        for flag in ("--traceback", "--no-color", "--force-color"):
            self.add_base_argument(parser, flag, action="store_true")
        if self.requires_system_checks:
            self.add_base_argument(parser, "--skip-checks", action="store_true")
        self.add_arguments(parser)
        return parser

    def add_base_argument(self, parser: CommandParser, *names: str, **options: Any) -> None:
        suppressed = any(name in self.suppressed_base_arguments for name in names)
        options["help"] = argparse.SUPPRESS if suppressed else str(COMMON[names[-1]])
        parser.add_argument(*names, **options)


@contextlib.contextmanager
def _our_words() -> Iterator[None]:
    names: dict[str, Any] = vars(argparse)
    before = names["_"], names["ngettext"]
    names["_"], names["ngettext"] = _said, _counted
    try:
        yield
    finally:
        names["_"], names["ngettext"] = before


def _said(words: str) -> str:
    return str(WORDS.get(words, words))


def _counted(one: str, many: str, number: int) -> str:
    return _said(one if number == 1 else many)
