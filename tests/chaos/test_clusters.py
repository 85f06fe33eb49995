"""Three real clusters on MariaDB, a gateway that misbehaves, SIGKILL at random: afterwards the ledger is true.

`CHAOS_SECONDS` says how long it rages (30); `CHAOS_SEED` repeats one run's choices.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio, Lane, Tick
from leadmaster.lib.clock import database_now
from opportunities.timers import absence_clocks, recalculation
from opportunities.timers.expiry import expire_timers
from tests.chaos import desk, scene, site
from tests.chaos.machines import Machine
from tests.chaos.providers import PROVIDERS, Provider
from tests.chaos.raging import Chaos
from tests.chaos.scene import PACE, SEND_TIMEOUT, add_envios, comes_true, free_port, running_campaign
from tests.faults import checker, desk_checker
from whatsapp import sessions
from whatsapp.models import WhatsAppSession

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chaos,
    pytest.mark.mariadb,
    pytest.mark.timeout(3600),
]

SECONDS = float(os.environ.get("CHAOS_SECONDS", "30"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or int(time.time())
_ENOUGH = 10
TENANTS = ("51", "52", "53", "54")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_whatever_is_killed_nobody_gets_it_twice_and_nothing_is_claimed_that_did_not_happen(
    provider: str, database_url: str, tmp_path: Path, settings: Any, record_property: Callable[[str, str], None]
) -> None:
    settings.SESSION_MANAGER_SEND_TIMEOUT = SEND_TIMEOUT
    settings.SENDER_SLOTS = 10
    port = free_port()
    environment = scene.environment(database_url, SENDER_THREADS="32")
    callbacks = f"http://127.0.0.1:{port}/webhooks/session_manager/{{session}}/"
    desks = desk.build(clients=100 + int(SECONDS))
    # A line sends one in a second and a half: some are left when the raging ends, and few enough to wait for.
    with PROVIDERS[provider](TENANTS, callbacks=callbacks, seed=SEED) as gateway:
        envios = 20 + int(SECONDS * 0.7)
        campaigns = [running_campaign(tenant, gateway.base_url, envios=envios) for tenant in TENANTS]
        for campaign in campaigns:  # one that is due tomorrow: however quick the machine, none ends meanwhile
            add_envios(campaign, 1, later=dt.timedelta(days=1))
        call_command("ensure_schedules")
        gateway.misbehave()
        with site.running(desks, port=port, environment=environment, folder=tmp_path, seed=SEED) as running:
            chaos = Chaos(running, seed=SEED)
            assert comes_true(lambda: all(one.has_started() for one in running.clusters), within=180)
            # Backups and journals that hold nothing yet prove nothing.
            assert comes_true(Envio.objects.filter(state=EnvioState.SENT).exists, within=300)
            chaos.reign(SECONDS)
            _let_enough_go_wrong(gateway, campaigns)
            bad_answers = gateway.bad_answers()
            chaos.is_over()
            gateway.behave()
            for machine in running.clusters:
                machine.kill()
            running.clusters[0].start()
            running.crowd.end()
            _wait_for_rest(running.clusters[0])
            # The callbacks that still come need somebody to tell.
            gateway.wait_until_quiet()
        ledger = gateway.ledger()

    crowd = running.crowd
    _bring_the_desk_to_rest()
    told = (
        f"{provider}, seed {SEED}, {dict(chaos.done)}, {bad_answers} bad answers, delivered {len(ledger)}, "
        f"{_states(campaigns)}, at the desks {crowd.told()}"
    )
    sys.stdout.write(f"\n{told}\n")
    record_property("told", told)
    assert len(ledger) > 2 * len(TENANTS), told
    assert sum(chaos.done.values()) >= 3, told
    assert bad_answers is None or bad_answers >= _ENOUGH, told
    assert crowd.watch.troubles == [], told
    assert checker.findings(ledger, now=timezone.now()) == [], told
    # A millisecond or two between our clock and the gateway's; the pace itself is one second.
    assert checker.overtaken(ledger, gap=PACE * 0.95) == [], told
    assert desk_checker.findings() == [], told


def _let_enough_go_wrong(gateway: Provider, campaigns: list[Campaign]) -> None:
    """Where machines die faster than they start, little is sent: what has to go wrong goes on doing so in peace."""
    for _more in range(200):
        bad_so_far = gateway.bad_answers()
        if bad_so_far is None or bad_so_far >= _ENOUGH:
            return
        connection.close()
        if Envio.objects.due(timezone.now()).count() < len(campaigns):
            for campaign in campaigns:
                add_envios(campaign, 3)
        time.sleep(3)


def _bring_the_desk_to_rest() -> None:
    """The cron once more, as it would be within the minute."""
    now = database_now()
    absence_clocks.begin_and_end(now)
    while recalculation.apply_backlog(now):
        pass
    expire_timers(now)


def _wait_for_rest(machine: Machine, *, patience: float = 150.0) -> None:
    """Until nothing is in flight and nothing that is due waits: one healthy machine, whole leases later.

    Patience is for standing still: a lease, the alarm clock's half minute and a busy machine. However much is left,
    it may take its time while it moves on.
    """
    last, moved, quiet = -1, time.monotonic(), 0
    while quiet < 3:
        time.sleep(2)
        connection.close()
        _write_to_new_contacts_again()
        due = Envio.objects.due(timezone.now()).count()
        in_flight = Envio.objects.filter(state=EnvioState.SENDING).count()
        quiet = 0 if due or in_flight else quiet + 1
        if due != last:
            last, moved = due, time.monotonic()
        assert time.monotonic() - moved < patience, _standstill(machine, due=due, in_flight=in_flight)


def _write_to_new_contacts_again() -> None:
    """What a supervisor does after WhatsApp refused a first contact (463), instead of waiting for ten minutes."""
    now = database_now()
    for session in WhatsAppSession.objects.filter(cold_until__gt=now):
        with contextlib.suppress(sessions.NothingToLift):
            sessions.lift_cold(
                session, by=session.campaigns.earliest("pk").owner, reason="El gateway ya se porta bien", now=now
            )


def _standstill(machine: Machine, *, due: int, in_flight: int) -> str:
    """What whoever looks into it wants to know."""
    ticks = list(Tick.objects.order_by("-id").values_list("minute", "finished_at", "report")[:3])
    lanes = list(Lane.objects.values_list("busy", "next_due", "lease_until"))
    lines = list(WhatsAppSession.objects.values_list("state", "paused_at", "blocked_until", "cold_until"))
    log = machine.log.read_text(errors="replace")[-3000:]
    return f"{due} due, {in_flight} in flight at {timezone.now()}\n{ticks}\n{lanes}\n{lines}\n{log}"


def _states(campaigns: list[Campaign]) -> dict[str, int]:
    rows = Envio.objects.filter(campaign__in=campaigns).values_list("state", flat=True)
    return {state: list(rows).count(state) for state in EnvioState.values}
