"""Each way in which the directory's tables can be untrue is found, and mended where that can be done."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint, Suppression, SyncState
from leadmaster.directory.reconciliation import CHECKS
from leadmaster.directory.sync import run_lock
from tests.factories.opportunities import ClientFactory
from tests.lies import Lie, assert_found_and_mended, look

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _region(settings: Any) -> None:
    settings.CLIENTS_REGION = "MX"


def client(**fields: object) -> Client:
    made: Client = ClientFactory(**fields)
    return made


def phone(**fields: object) -> int:
    point = ContactPoint.objects.get(client=client())
    ContactPoint.objects.filter(pk=point.pk).update(**fields)
    return point.pk


def in_another_part_of_the_directory() -> int:
    made = client()
    Client.objects.filter(pk=made.pk).update(shard=(made.shard + 1) % 64)
    return made.pk


def phone_as_somebody_wrote_it() -> int:
    return phone(normalised="33 1234 5678", raw="33 1234 5678")


def phone_with_the_one_of_old() -> int:
    return phone(normalised="+5213312345678", raw="+52 1 33 1234 5678")


def phone_that_is_none() -> int:
    return phone(normalised="sin dato", raw="sin dato")


def invalid_phone_that_is_compared() -> int:
    return phone(is_valid=False)


def the_same_phone_twice() -> int:
    made = client()
    first = ContactPoint.objects.get(client=made)
    again = ContactPoint.objects.create(
        client=made, kind=first.kind, raw="repetido", normalised=first.normalised, position=1
    )
    return again.pk


def silence_that_nobody_hears() -> int:
    return Suppression.objects.create(phone="33 1234 5678", source="persona", created_at=NOW).pk


def silence_asked_for_twice() -> int:
    Suppression.objects.create(phone="+523312345678", source="persona", created_at=NOW)
    return silence_that_nobody_hears()


def synchronisation_of_a_dead_process() -> int:
    alive_at = (NOW - 3 * HOUR).isoformat()
    return SyncState.objects.create(source="externo", run=uuid.uuid4(), progress={"alive_at": alive_at}).pk


LIES = (
    Lie(check="directory.shard", plant=in_another_part_of_the_directory),
    Lie(check="directory.phone", plant=phone_as_somebody_wrote_it),
    Lie(check="directory.phone", plant=phone_with_the_one_of_old),
    Lie(check="directory.phone", plant=phone_that_is_none),
    Lie(check="directory.phone", plant=invalid_phone_that_is_compared),
    Lie(check="directory.contact_twice", plant=the_same_phone_twice),
    Lie(check="directory.exclusion", plant=silence_that_nobody_hears),
    Lie(check="directory.exclusion", plant=silence_asked_for_twice),
    Lie(check="directory.sync", plant=synchronisation_of_a_dead_process),
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_found_and_mended(lie: Lie) -> None:
    assert_found_and_mended(lie, CHECKS, now=NOW)


def test_every_check_has_a_lie_that_tries_it() -> None:
    assert {lie.check for lie in LIES} | {"directory.twice"} == {check.name for check in CHECKS}


def test_rows_as_a_synchronisation_leaves_them_are_well() -> None:
    made = client(external_id="A-1")
    for kind, raw, normalised in (
        (ContactPoint.Kind.PHONE, "0800", ""),
        (ContactPoint.Kind.PHONE, "+1 212 555 0100", "+12125550100"),
        (ContactPoint.Kind.EMAIL, "ana@example.com", "ana@example.com"),
    ):
        ContactPoint.objects.create(client=made, kind=kind, raw=raw, normalised=normalised, is_valid=bool(normalised))
    client(source="captacion", external_id="A-1")
    Suppression.objects.create(phone="+12125550100", source="persona", created_at=NOW)
    run_lock.take("externo", polite=True)

    assert look(CHECKS, now=dt.datetime.now(dt.UTC)) == []


# --- The same client twice ----------------------------------------------------------------------------------------------


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("worked", [False, True])
def test_of_a_client_that_is_there_twice_the_one_that_nobody_worked_goes(worked: bool) -> None:
    with _without_uniqueness():
        first, second = client(external_id="7"), client(external_id="8")
        taken = Availability.TAKEN if worked else Availability.FREE
        Client.objects.filter(pk=second.pk).update(external_id="7", shard=first.shard, availability=taken)

        [found] = look(CHECKS, now=NOW, apply=True)

        assert (found.finding.check, found.finding.subject) == ("directory.twice", second.pk)
        # Which of two histories goes on is a person's to say.
        assert (bool(found.finding.repair), found.repaired) == (not worked, not worked)
        assert Client.objects.count() == 1 + worked
        assert len(look(CHECKS, now=NOW)) == worked
        Client.objects.all().delete()


@contextlib.contextmanager
def _without_uniqueness() -> Iterator[None]:
    """As after somebody dropped the index that forbids it."""
    constraint = next(one for one in Client._meta.constraints if one.name == "client_once_per_source")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Client, constraint)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.add_constraint(Client, constraint)
