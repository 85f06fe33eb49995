"""What is closed stays closed in the database itself, and the sender goes on as before."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from campaigns import attempt_guard
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Envio, Lane
from tests.factories.campaigns import AttemptFactory, LaneFactory
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp.gateways.base import GatewayError, Outcome, Scope

pytestmark = pytest.mark.django_db(transaction=True)

O = AttemptOutcome  # noqa: E741


@pytest.fixture
def guarded(transactional_db: None) -> Iterator[None]:
    """Gone again before the tables are emptied, row by row on SQLite."""
    attempt_guard.install()
    yield
    attempt_guard.remove()


def other(field: Any, attempt: Attempt) -> object:
    """A value that this row does not have there."""
    value = getattr(attempt, field.attname)
    if field.name == "outcome":
        return O.NOT_SENT if value != O.NOT_SENT else O.UNKNOWN
    if isinstance(field, models.ForeignKey):
        return AttemptFactory.create().__dict__[field.attname] if field.name != "lane" else LaneFactory.create().pk
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.DateTimeField):
        return timezone.now() + dt.timedelta(days=1)
    if isinstance(field, models.CharField):
        return value.upper() if value.upper() != value else f"{value}x"
    return (value or 0) + 1


def closed(outcome: AttemptOutcome = O.SENT, **fields: object) -> Attempt:
    told = {"message_id": "true_549351_3EB0", "detail": "dicho", "host": "gw", "refunded": True, "http_status": 200}
    attempt: Attempt = AttemptFactory.create(outcome=outcome, lane=LaneFactory.create(), **{**told, **fields})
    return attempt


def as_stored(attempt: Attempt) -> dict[str, object]:
    return dict(Attempt.objects.filter(pk=attempt.pk).values().get())


def update(attempt: Attempt, **fields: object) -> None:
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(**fields)


def test_no_column_of_a_closed_try_can_be_changed(guarded: None) -> None:
    attempt = closed()
    before = as_stored(attempt)

    refused = set()
    for field in Attempt._meta.concrete_fields:
        with pytest.raises(DatabaseError, match="A closed attempt is what happened"):
            update(attempt, **{field.attname: other(field, attempt)})
        refused.add(field.attname)

    assert as_stored(attempt) == before
    assert set(before) == refused


@pytest.mark.parametrize("outcome", [one for one in O if one != O.OPEN])
def test_a_closed_try_can_not_be_deleted_whatever_its_outcome(guarded: None, outcome: AttemptOutcome) -> None:
    attempt = closed(outcome)

    with pytest.raises(DatabaseError, match="A closed attempt is what happened"), transaction.atomic():
        attempt.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        attempt.envio.delete()

    assert Attempt.objects.filter(pk=attempt.pk).exists()


def test_an_open_try_is_closed_and_may_go(guarded: None) -> None:
    one, two = AttemptFactory.create_batch(2)

    update(one, outcome=O.REFUSED, finished_at=timezone.now(), code="463", counted=False)
    two.delete()

    assert list(Attempt.objects.values_list("pk", "outcome")) == [(one.pk, O.REFUSED)]


def test_what_the_sender_still_does_to_a_closed_try(guarded: None) -> None:
    attempt = closed(O.UNKNOWN, refunded=False, message_id="")

    update(attempt, refunded=True)
    Lane.objects.all().delete()
    update(attempt, outcome=O.SENT, message_id="true_1", detail="", code="", finished_at=timezone.now(), duration_ms=7)

    attempt.refresh_from_db()
    assert (attempt.refunded, attempt.lane_id, attempt.outcome, attempt.message_id) == (True, None, O.SENT, "true_1")


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": O.SENT},  # without a message id
        {"outcome": O.SENT, "message_id": "true_1", "token": uuid.uuid4()},
        {"outcome": O.SENT, "message_id": "true_1", "worker": "otro"},
        {"outcome": O.OPEN, "finished_at": None},
        {"refunded": False},
        {"message_id": "", "detail": ""},
    ],
)
def test_and_nothing_beside_it(guarded: None, change: dict[str, object]) -> None:
    attempt = closed(O.UNKNOWN, message_id="")
    before = as_stored(attempt)

    with pytest.raises(DatabaseError, match="A closed attempt is what happened"):
        update(attempt, **change)

    assert as_stored(attempt) == before


def test_the_sender_goes_its_whole_way(guarded: None) -> None:
    """Sent, refused, not sent and given back, in doubt and found by its id."""
    world = World()
    world.campaign(envios=6)
    told = iter(
        [
            Behaviour(),
            Behaviour(
                delivers=False, error=GatewayError("no", code="INVALID", outcome=Outcome.REFUSED, scope=Scope.MESSAGE)
            ),
            Behaviour(
                delivers=False, error=GatewayError("no", code="BUSY", outcome=Outcome.NOT_SENT, scope=Scope.MESSAGE)
            ),
            Behaviour(error=GatewayError("?", code="TIMEOUT", outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE)),
        ]
    )
    world.provider.behave = lambda _message: next(told, Behaviour())

    world.run_minutes(12)

    outcomes = set(Attempt.objects.values_list("outcome", flat=True))
    assert {O.SENT, O.REFUSED, O.NOT_SENT, O.UNKNOWN} <= outcomes
    assert Attempt.objects.filter(refunded=True).exists()
    assert Envio.objects.filter(state=EnvioState.SENT).count() >= 4
    assert world.findings() == []


# --- Taking a person's data out ---------------------------------------------------------------------------------------


def test_erasing_empties_what_tells_of_a_person_and_nothing_else(guarded: None) -> None:
    attempt, untouched = closed(), closed()
    before = as_stored(attempt)

    with attempt_guard.erasing():
        update(attempt, message_id="", detail="")
        for change in (
            {"message_id": "true_other"},
            {"host": ""},
            {"outcome": O.UNKNOWN},
            {"detail": "", "worker": "x"},
        ):
            with pytest.raises(DatabaseError):
                update(untouched, **change)

    assert as_stored(attempt) == {**before, "message_id": "", "detail": ""}
    assert attempt_guard.is_installed()
    with pytest.raises(DatabaseError):
        update(untouched, message_id="")


def test_erasing_that_fails_leaves_everything_as_it_was(guarded: None) -> None:
    attempt = closed()
    before = as_stored(attempt)

    with pytest.raises(RuntimeError), attempt_guard.erasing():  # noqa: PT012 - the block is what is tried
        update(attempt, message_id="")
        raise RuntimeError("halfway")

    assert as_stored(attempt) == before
    assert attempt_guard.is_installed()
    with pytest.raises(DatabaseError):
        update(attempt, message_id="")


def test_erasing_works_where_there_is_no_guard() -> None:
    attempt = closed()

    with attempt_guard.erasing():
        update(attempt, message_id="")

    assert as_stored(attempt)["message_id"] == ""
    assert not attempt_guard.is_installed()


# --- In and out -------------------------------------------------------------------------------------------------------


def test_the_command_puts_it_in_looks_and_takes_it_out(
    transactional_db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as missing:
        call_command("attempt_guard", "check")
    call_command("attempt_guard", "install")
    call_command("attempt_guard", "install")
    call_command("attempt_guard", "check")
    call_command("attempt_guard", "remove")

    assert missing.value.code == 1
    assert not attempt_guard.is_installed()
    assert capsys.readouterr().out.splitlines() == [
        "La base de datos deja cambiar intentos cerrados. Ponlo con: manage.py attempt_guard install",
        *["Los intentos cerrados no se pueden cambiar ni borrar en la base de datos."] * 3,
        "La base de datos deja cambiar intentos cerrados. Ponlo con: manage.py attempt_guard install",
    ]
    with pytest.raises(CommandError):
        call_command("attempt_guard", "other")


def test_an_older_version_is_told_and_replaced(guarded: None) -> None:
    name = attempt_guard.install()[0].name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}")
        body = "SET @nothing = 1" if connection.vendor == "mysql" else "BEGIN SELECT 1; END"
        cursor.execute(
            f"CREATE TRIGGER attempt_closed_update_0000 BEFORE UPDATE ON {Attempt._meta.db_table} FOR EACH ROW {body}"
        )
    assert not attempt_guard.is_installed()

    attempt_guard.install()

    assert attempt_guard.is_installed()
    with pytest.raises(DatabaseError):
        update(closed(), worker="otro")


def test_whoever_deploys_is_told_when_it_is_missing(transactional_db: None) -> None:
    def told(*, deploy: bool = True) -> list[str]:
        found = run_checks(databases=["default"], include_deployment_checks=deploy)
        return [str(message.hint) for message in found if message.id == "campaigns.W001"]

    assert told() == ["Run manage.py attempt_guard install; docs/operations.md says what it needs."]
    assert told(deploy=False) == []
    attempt_guard.install()
    assert told() == []
    attempt_guard.remove()
