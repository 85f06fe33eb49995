"""A page of the source into our tables. The number of queries does not grow with the page."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection

from leadmaster.directory.models import Client, ContactPoint, shard_of
from leadmaster.directory.sync import moments, rows
from leadmaster.directory.sync.report import SyncReport
from leadmaster.directory.sync.rows import Reading, Values
from leadmaster.directory.sync.source import RawContact, Record

# What a synchronisation may write on a client that is there already. The desk's own fields are not among them.
_FROM_OUTSIDE: Final = (
    "name",
    "last_names",
    "tax_id",
    "agreement",
    "province",
    "city",
    "client_type",
    "capacity",
    "registered_on",
    "external_updated_at",
    "digest",
    "gone_at",
    "updated_at",
)
_CONTACT_FIELDS: Final = ("kind", "label", "raw", "normalised", "is_primary", "is_valid", "position")


@dataclasses.dataclass(frozen=True, slots=True)
class Incoming:
    """One client as the source has them now."""

    external_id: str
    record: Record
    contacts: Sequence[RawContact]
    digest: str


def incoming(
    records: Sequence[Record], contacts: Mapping[str, Sequence[RawContact]], reading: Reading
) -> list[Incoming]:
    """Those that can be told apart; of two with the same id the later one."""
    found: dict[str, Incoming] = {}
    for record in records:
        external_id = rows.external_id(record)
        if not external_id:
            continue
        own = contacts.get(external_id, ())
        found[external_id] = Incoming(external_id, record, own, rows.digest(record, own, reading))
    return list(found.values())


def store(source: str, page: Sequence[Incoming], *, reading: Reading, now: dt.datetime) -> SyncReport:
    """Write what is new or changed. Runs in the page's transaction."""
    known = {
        external_id: (pk, digest, gone_at)
        for pk, external_id, digest, gone_at in Client.objects.filter(
            source=source, external_id__in=[one.external_id for one in page]
        ).values_list("pk", "external_id", "digest", "gone_at")
    }
    new: list[tuple[Client, Values]] = []
    changed: list[tuple[Client, Values]] = []
    returned = 0
    for one in page:
        pk, digest, gone_at = known.get(one.external_id, (None, "", None))
        if pk is not None and digest == one.digest and gone_at is None:
            continue
        returned += gone_at is not None
        values = rows.values(one.record, one.contacts, reading)
        client = _client(source, one, values.fields, pk=pk, now=now)
        (new if pk is None else changed).append((client, values))

    _insert(new)
    _update(changed)
    touched = [*new, *changed]
    return (
        SyncReport(
            read=len(page),
            new=len(new),
            changed=len(changed) - returned,
            returned=returned,
            unchanged=len(page) - len(touched),
        )
        + _dates(page, reading, now)
        + _quality(touched)
    )


def mark_gone(source: str, ids: Sequence[int], *, now: dt.datetime) -> int:
    """Close these to drawing. What the desk says of them stays."""
    return Client.objects.filter(source=source, pk__in=ids, gone_at__isnull=True).update(gone_at=now, updated_at=now)


def _client(source: str, one: Incoming, fields: dict[str, Any], *, pk: int | None, now: dt.datetime) -> Client:
    return Client(
        pk=pk,
        source=source,
        external_id=one.external_id,
        shard=shard_of(one.external_id),
        digest=one.digest,
        created_at=now,
        updated_at=now,
        **fields,
    )


def _insert(new: Sequence[tuple[Client, Values]]) -> None:
    clients = [client for client, _values in new]
    if not clients:
        return
    Client.objects.bulk_create(clients)
    if not connection.features.can_return_rows_from_bulk_insert:
        ids = dict(
            Client.objects.filter(
                source=clients[0].source, external_id__in=[client.external_id for client in clients]
            ).values_list("external_id", "pk")
        )
        for client in clients:
            client.pk = ids[client.external_id]
    ContactPoint.objects.bulk_create(
        [point for client, values in new for point in rows.contact_points(client.pk, values.contacts)]
    )


def _update(changed: Sequence[tuple[Client, Values]]) -> None:
    if not changed:
        return
    with_target = connection.features.supports_update_conflicts_with_target
    # An upsert of rows that are there: one statement, where an UPDATE would need a CASE for every column and row.
    Client.objects.bulk_create(
        [client for client, _values in changed],
        update_conflicts=True,
        update_fields=_FROM_OUTSIDE,
        unique_fields=["id"] if with_target else None,
    )
    _replace_contacts(changed)


def _replace_contacts(changed: Sequence[tuple[Client, Values]]) -> None:
    """Contacts that say the same keep their row: others may point at it."""
    before: dict[tuple[int, str, str], ContactPoint] = {}
    gone: list[int] = []
    for point in ContactPoint.objects.filter(client__in=[client.pk for client, _values in changed]).order_by("pk"):
        key = _key(point)
        if key in before:
            gone.append(point.pk)
        else:
            before[key] = point
    new: list[ContactPoint] = []
    different: list[ContactPoint] = []
    for client, values in changed:
        for point in rows.contact_points(client.pk, values.contacts):
            old = before.pop(_key(point), None)
            if old is None:
                new.append(point)
            elif any(getattr(old, name) != getattr(point, name) for name in _CONTACT_FIELDS):
                point.pk = old.pk
                different.append(point)
    gone += [point.pk for point in before.values()]
    if gone:
        ContactPoint.objects.filter(pk__in=gone).delete()
    if different:
        ContactPoint.objects.bulk_update(different, _CONTACT_FIELDS)
    ContactPoint.objects.bulk_create(new)


def _key(point: ContactPoint) -> tuple[int, str, str]:
    return point.client_id, point.kind, point.normalised or point.raw.lower()


def _dates(page: Sequence[Incoming], reading: Reading, now: dt.datetime) -> SyncReport:
    undated = ahead = 0
    for one in page:
        if "updated_at" not in one.record:
            break
        moment = moments.read(one.record["updated_at"], reading.tz)
        undated += moment is None
        ahead += moment is not None and moment > now
    return SyncReport(undated=undated, ahead=ahead)


def _quality(touched: Sequence[tuple[Client, Values]]) -> SyncReport:
    invalid = [
        (client.external_id, contact.raw, contact.problem)
        for client, values in touched
        for contact in values.contacts
        if contact.problem
    ]
    return SyncReport(
        contacts=sum(len(values.contacts) for _client, values in touched),
        invalid_phones=len(invalid),
        invalid_mails=sum(
            not contact.is_valid and not contact.problem for _client, values in touched for contact in values.contacts
        ),
        unreadable=sum(values.unreadable for _client, values in touched),
        unreachable=sum(
            not any(contact.is_valid and contact.kind == ContactPoint.Kind.PHONE for contact in values.contacts)
            for _client, values in touched
        ),
        examples=tuple(invalid[:5]),
    )
