"""Sets the desk's stage: a directory of millions, teams of promoters, a pool, opportunities of every state.

Rows come from the database's own sequences, and secondary indexes are built after them: five million clients and their
phones take some minutes instead of hours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Client, ContactPoint, Suppression
from opportunities.enums import StageType
from opportunities.models import CoolDown, Opportunity, OpportunityEvent, Promoter, Stage
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.opportunities import CalendarFactory, DeskFactory, StageFactory

PROVINCES, CITIES, AGREEMENTS, TYPES = 32, 24, 20, 6
# One client in so many asked us not to write.
OPTED_OUT = 50
NO_LIMIT = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskStage:
    """Who works here; promoters come team by team."""

    promoters: Sequence[Promoter]
    new: Stage
    exit: Stage


def open_desks(*, teams: int, promoters: int) -> DeskStage:
    """Teams of so many promoters each, who may ask for as much as they like at any hour; once per database."""
    if not Promoter.objects.exists():
        _make_desks(teams=teams, promoters=promoters)
    rows = Promoter.objects.select_related("user", "desk__team", "desk__calendar").order_by("desk", "id")
    stages = {stage.type: stage for stage in Stage.objects.all()}
    return DeskStage(promoters=list(rows), new=stages[StageType.INITIAL], exit=stages[StageType.EXIT])


def _make_desks(*, teams: int, promoters: int) -> None:
    StageFactory(name="Nueva", type=StageType.INITIAL, timer_minutes=2880)
    StageFactory(name="No contesta", type=StageType.EXIT)
    calendar = CalendarFactory()
    for number in range(teams):
        team = TeamFactory(name=f"Equipo {number}")
        desk = DeskFactory(team=team, calendar=calendar, daily_quota=NO_LIMIT, capacity=NO_LIMIT)
        users = UserFactory.create_batch(promoters, role=Role.PROMOTER)
        team.members.set(users)
        Promoter.objects.bulk_create(Promoter(user=user, desk=desk) for user in users)


def administrator() -> User:
    boss: User = UserFactory(role=Role.ADMINISTRATOR, is_staff=True)
    return boss


# --- Clients ----------------------------------------------------------------------------------------------------------


def grow_directory(*, to: int) -> None:
    """Free clients up to so many in all, a phone each; one in fifty opted out."""
    there = Client.objects.count()
    if there >= to:
        return
    number = "CAST(seq AS CHAR)"
    # Each facet from its own digits of a hash, so that they don't go together.
    parts = {"province": PROVINCES, "city": CITIES, "agreement": AGREEMENTS, "client_type": TYPES}
    facets = {
        name: f"CONCAT('{name} ', LPAD(CONV(LEFT(MD5(CONCAT('{name}', seq)), 6), 16, 10) % {count}, 2, '0'))"
        for name, count in parts.items()
    }
    fill(
        Client,
        {
            "source": "'banco'",
            "external_id": number,
            "name": "CONCAT('Paula ', seq % 1009)",
            "last_names": "CONCAT('Vázquez ', seq % 9973)",
            "tax_id": "CONCAT('XX', LPAD(seq, 9, '0'))",
            **facets,
            "availability": "'libre'",
            "shard": f"CRC32({number}) % 64",
            "digest": f"MD5({number})",
            "created_at": "UTC_TIMESTAMP(6)",
            "updated_at": "UTC_TIMESTAMP(6)",
        },
        source=f"seq_{there + 1}_to_{to}",
    )
    phone = "CONCAT('+5255', LPAD(clients.external_id, 8, '0'))"
    columns = {"client_id": "clients.id", "kind": "'telefono'", "raw": phone, "normalised": phone}
    newer = f"directory_client AS clients WHERE clients.source = 'banco' AND clients.external_id > {there}"
    fill(ContactPoint, {**columns, "is_primary": "1", "is_valid": "1"}, source=newer)
    opted_out = f"directory_client AS clients WHERE clients.external_id > {there} AND clients.id % {OPTED_OUT} = 0"
    fill(
        Suppression,
        {"phone": phone, "source": "'respuesta'", "created_at": "UTC_TIMESTAMP(6)"},
        source=opted_out,
    )
    analyse(Client, ContactPoint, Suppression)


def rest_clients(promoters: Sequence[Promoter], *, each: int) -> None:
    """So many clients rest from each of these."""
    until = timezone.now() + dt.timedelta(days=7)
    for promoter in promoters:
        ids = range(promoter.pk, promoter.pk + 37 * each, 37)
        rows = [CoolDown(promoter=promoter, client_id=pk, until=until) for pk in ids]
        CoolDown.objects.bulk_create(rows, ignore_conflicts=True)


# --- Opportunities ----------------------------------------------------------------------------------------------------


def fill_opportunities(ids: str, columns: Mapping[str, str], *, availability: str) -> None:
    """An opportunity with its first line of history for each client of this condition on `id`."""
    last = Opportunity.objects.order_by("-id").values_list("id", flat=True).first() or 0
    moment = "UTC_TIMESTAMP(6)"
    held = "NULL" if availability == "cerrado" else "clients.id"
    fill(
        Opportunity,
        {
            "client_id": "clients.id",
            "open_client_id": held,
            "version": "1",
            "attempts": "1",
            "origin": "'sorteo'",
            "stage_since": moment,
            "state_since": moment,
            "created_at": moment,
            "data": "'{}'",
            **columns,
        },
        source=f"directory_client AS clients WHERE {ids}",
    )
    fill(
        OpportunityEvent,
        {"opportunity_id": "id", "kind": "'asignada'", "at": moment, "to_state": "state", "data": "'{}'"},
        source=f"opportunities_opportunity WHERE id > {last}",
    )
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE directory_client AS clients SET availability = %s WHERE {ids}", [availability])
    analyse(Client, Opportunity, OpportunityEvent)


# --- Rows by the million ----------------------------------------------------------------------------------------------


def fill(model: type[models.Model], values: Mapping[str, str], *, source: str) -> None:
    """INSERT … SELECT of these SQL expressions; a column without one is empty. Indexes are away meanwhile."""
    fields = [field for field in model._meta.concrete_fields if field.column != "id"]
    columns = ", ".join(f"`{field.column}`" for field in fields)
    selected = ", ".join(values.get(str(field.column)) or _blank(field) for field in fields)
    with without_indexes(model._meta.db_table), connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks=0, unique_checks=0")
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {selected} FROM {source}")
        cursor.execute("SET foreign_key_checks=1, unique_checks=1")


@contextlib.contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Drop the table's secondary indexes, and build them again by sorting, which is what is quick."""
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW CREATE TABLE {table}")
        keys = re.findall(r"^\s+((?:UNIQUE )?KEY `(\w+)` \(.*\)),?$", cursor.fetchone()[1], re.MULTILINE)
        cursor.execute("SET foreign_key_checks=0")
        cursor.execute(f"ALTER TABLE {table} {', '.join(f'DROP KEY `{name}`' for _words, name in keys)}")
        yield
        cursor.execute("SET foreign_key_checks=0")
        cursor.execute(f"ALTER TABLE {table} {', '.join(f'ADD {words}' for words, _name in keys)}")
        cursor.execute("SET foreign_key_checks=1")


def analyse(*tables: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute(f"ANALYZE TABLE {model._meta.db_table}")
            cursor.fetchall()


def _blank(field: models.Field[Any, Any]) -> str:
    if field.null:
        return "NULL"
    return "''" if isinstance(field, models.CharField | models.TextField) else "0"
