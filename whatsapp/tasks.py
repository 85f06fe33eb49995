"""What the django-q2 cluster runs for the phone line."""

from __future__ import annotations

from leadmaster.lib.clock import database_now
from leadmaster.ops.heartbeat import beat
from whatsapp import reconnection, sessions
from whatsapp.health import HEARTBEAT
from whatsapp.line_tests import ask_silent_lines, run_waiting


def refresh_sessions() -> str:
    """Ask every gateway how its sessions are, and connect those that were lost."""
    now = database_now()
    asked = sessions.refresh_all(now)
    sessions.log_out_strangers(now)
    dialled = reconnection.run(now)
    beat(HEARTBEAT, now=now, detail={"asked": asked})
    return f"asked {asked}, dialled {dialled}"


def line_tests() -> str:
    """Messages of lines to themselves, because somebody asked or because a line confirms nothing."""
    now = database_now()
    asked = ask_silent_lines(now)
    return f"asked {asked}, sent {run_waiting(now)}"
