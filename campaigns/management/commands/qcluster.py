"""`manage.py qcluster`: django-q2's cluster, ended in order.

A terminal, honcho and systemd's default send their signal to every process of the group. django-q2's children die of it,
messages in the middle of their sending with them, and the master waits for ever for a lock that a dead child held.
Here only the master hears it: ticks that wait for the clock end at once, what is in the air lands, and then all end.
"""

from __future__ import annotations

import signal
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q import cluster
from django_q.management.commands import qcluster

from leadmaster.lib import stopping, systemd
from leadmaster.lib.commands import BaseCommand
from leadmaster.ops.liveness import Pulse


class PatientSentinel(cluster.Sentinel):
    """Forks the workers, which inherit what it ignores."""

    def start(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._pulse = Pulse(alive=systemd.alive)
        systemd.ready()
        super().start()

    def status(self) -> str:
        """Asked in each round that it makes, twice a second: also while it waits for the last ticks to end."""
        self._pulse.beat()
        found: str = super().status()
        return found

    def stop(self) -> None:
        stopping.request()
        super().stop()

    def reincarnate(self, process: BaseProcess) -> None:
        if process not in (self.monitor, self.pusher) and process.timer.value == 0:  # type: ignore[attr-defined]
            # A worker that hangs ignores what it inherited.
            process.kill()
        super().reincarnate(process)


class PatientCluster(cluster.Cluster):
    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        # The second signal has nothing to add, and must not find the first one's locks held.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stopping.request()
        super().sig_handler(signum, frame)


class Command(BaseCommand, qcluster.Command):
    help = gettext_lazy(
        "Corre las tareas periódicas. Al detenerlo espera lo que está en vuelo; sin nada en vuelo termina en segundos."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        said = {
            "run_once": _("corre una vez y termina"),
            "cluster_name": _("otro nombre de cluster que el de la configuración, cuando hay varias colas"),
        }
        for action in parser._actions:
            action.help = said.get(action.dest, action.help)

    def handle(self, *args: Any, **options: Any) -> None:
        stopping.arm()
        cluster.Sentinel = PatientSentinel
        qcluster.Cluster = PatientCluster
        super().handle(*args, **options)
