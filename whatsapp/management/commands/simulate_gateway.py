"""The bundled session manager as a process of its own."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from whatsapp.simulator.cli import add_arguments, run


class Command(BaseCommand):
    help = "Runs a session manager that speaks the contract over real HTTP and sends nothing to WhatsApp."
    # It is another program's stand-in: it works without our database and our configuration.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *_args: str, **options: Any) -> None:
        try:
            run(options, say=self._say)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
