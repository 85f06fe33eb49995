"""A backup is put back, and the operator does what docs/operations.md tells. Meanwhile nothing may leave."""

from __future__ import annotations

import datetime as dt
import io
import random
import time
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction

from campaigns import restores, switch
from campaigns.errors import WrongState
from campaigns.models import Attempt, JournalReport
from leadmaster.lib.clock import database_now
from tests.chaos.doors import CutOffError
from tests.chaos.site import Site
from whatsapp import warm_up
from whatsapp.models import WhatsAppSession

_BY_ITSELF = 15.0  # seconds in which the clusters may report by themselves
_PATIENCE = 600.0
_ROUNDS = 5


def put_back(site: Site, file: Path, chance: random.Random) -> None:
    """From the last process that ends to the first message that may leave again."""
    with site.crowd.standing_back():
        for machine in site.machines:
            machine.kill()
        site.backups.put_back(file)
        call_command("migrate", verbosity=0)
        call_command("sender_journals", "--restored", *_said_by(site), stdout=io.StringIO())
        since = database_now()
        for machine in site.machines:
            machine.start()
    _nothing_leaves_until_all_reported(site, since, chance)
    _switch_on(site)


def _said_by(site: Site) -> list[str]:
    return ["--by", site.operator.person.user.username, "--reason", "El respaldo de hace un rato"]


def _nothing_leaves_until_all_reported(site: Site, since: dt.datetime, chance: random.Random) -> None:
    end = time.monotonic() + _BY_ITSELF
    while restores.names_awaited() and time.monotonic() < end:
        _is_held(site, since)
        if chance.random() < 0.1:
            victim = chance.choice(site.clusters)
            victim.kill()
            victim.start()
        time.sleep(1)
    # Also those machines that the backup is too old to know of. One that finds more begins anew: all report again.
    for _round in range(_ROUNDS):
        for machine in site.clusters:
            machine.tick()
            _is_held(site, since)
        if not restores.names_awaited():
            return
    raise AssertionError(f"these never reported: {list(JournalReport.objects.awaited().values())}")


def _is_held(site: Site, since: dt.datetime) -> None:
    """The guard holds: sending is off, nobody gets it on while a journal is missing, and nothing has left."""
    connection.close()
    assert switch.was_turned_off()
    left = list(Attempt.objects.filter(dispatched_at__gte=since).values_list("id", "dispatched_at"))
    assert not left, f"since {since} these left: {left}"
    missing = restores.names_awaited()
    accepted = _would_switch_on(site)
    assert not (accepted and missing and restores.names_awaited()), f"switched on without {missing}"


def _would_switch_on(site: Site) -> bool:
    """Whether a person would get it on now. Taken back before anybody sees it: the last journal may come in between."""
    with transaction.atomic():
        try:
            switch.turn(on=True, by=site.operator.person.user, reason="Ya está", now=database_now())
        except WrongState:
            return False
        finally:
            transaction.set_rollback(True)
    return True


def _take_the_cap_away(site: Site) -> None:
    """It goes on with few messages a day; this is about all of them."""
    turn = switch.capped()
    assert turn is not None
    now, by = database_now(), site.operator.person.user
    switch.end_cap(turn, by=by, reason="Los diarios están leídos", now=now)
    for line in WhatsAppSession.objects.filter(warm_up_step__isnull=False):
        warm_up.lift(line, by=by, reason="Los diarios están leídos", now=now)


def _switch_on(site: Site) -> None:
    """Over the API, as soon as there is somebody who answers."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert not site.crowd.watch.troubles, site.crowd.watch.troubles
        try:
            answer = site.operator.post("sender-switch/", on=True, reason="Los diarios están leídos")
        except CutOffError:
            time.sleep(0.5)
            continue
        if answer.status_code == 201:
            _take_the_cap_away(site)
            return
        # A machine may have found more in its journal meanwhile, and reports again.
        assert answer.status_code in (401, 409), (answer.status_code, answer.text)
        time.sleep(0.5)
    raise AssertionError(f"nobody could switch sending on: {restores.names_awaited()}")
