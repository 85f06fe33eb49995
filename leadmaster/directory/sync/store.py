"""A page of the source into our tables. The number of queries does not grow with the page."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from leadmaster.directory.enums import Availability, ContactKind
from leadmaster.directory.models import Client, ContactPoint, ErasedPhone, phone_keys, shard_of
from leadmaster.directory.sync import rows, timestamps
from leadmaster.directory.sync.report import SyncReport
from leadmaster.directory.sync.rows import Contact, Reading, Values
from leadmaster.directory.sync.source import RawContact, Record
from leadmaster.lib.db.bulk_insert import BulkInserter

# What a synchronisation writes on a client that is there already. The desk's own fields are not among them.
FROM_OUTSIDE: Final = (
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
# What a new one begins with.
_ONCE: Final = ("source", "external_id", "shard", "availability", "created_at")
_CONTACT: Final = ("kind", "label", "raw", "normalised", "is_primary", "is_valid", "position")


@dataclasses.dataclass(frozen=True, slots=True)
class Incoming:
    """One client as the source has them now."""

    external_id: str
    record: Record
    contacts: Sequence[RawContact]
    digest: str


class _Known(NamedTuple):
    pk: int
    digest: str
    gone_at: dt.datetime | None
    erased: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Touched:
    """A client to write, and who they were before; nobody for a new one."""

    incoming: Incoming
    values: Values
    before: _Known | None


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
    """Write what is new, changed or back. Runs in the page's transaction."""
    if not page:
        return SyncReport()
    known = _known(source, page)
    touched = [
        _Touched(one, rows.values(one.record, one.contacts, reading), before)
        for one in page
        if (before := known.get(one.external_id)) is None
        or (not before.erased and (before.gone_at or before.digest != one.digest))
    ]
    touched = _without_erased(touched)
    new = [row for row in touched if row.before is None]
    old = [row for row in touched if row.before is not None]
    _insert(source, new, now=now)
    _update(source, old, now=now)
    returned = sum(row.before is not None and row.before.gone_at is not None for row in old)
    counts = SyncReport(
        read=len(page),
        new=len(new),
        changed=len(old) - returned,
        returned=returned,
        unchanged=len(page) - len(touched),
    )
    return counts + _dates(page, reading, now) + _quality(touched)


def left_out(records: Sequence[Record], page: Sequence[Incoming]) -> SyncReport:
    """Rows of the page that are nobody: without a usable id, or with one that came before."""
    without_id = sum(not rows.external_id(record) for record in records)
    return SyncReport(without_id=without_id, repeated=len(records) - len(page) - without_id)


def mark_gone(source: str, ids: Sequence[int], *, now: dt.datetime) -> int:
    """Close these to drawing. What the desk says of them stays."""
    return Client.objects.filter(source=source, pk__in=ids, gone_at__isnull=True).update(gone_at=now, updated_at=now)


# --- Clients ------------------------------------------------------------------------------------------------------------


def _known(source: str, page: Sequence[Incoming]) -> dict[str, _Known]:
    there = Client.objects.filter(source=source, external_id__in=[one.external_id for one in page])
    columns = there.values_list("external_id", "pk", "digest", "gone_at", "erased_at")
    return {
        external_id: _Known(pk, digest, gone_at, erased is not None)
        for external_id, pk, digest, gone_at, erased in columns
    }


def _without_erased(touched: Sequence[_Touched]) -> list[_Touched]:
    """A number whose person had their data erased is not written down again, whoever the source says that it is."""
    phones = {
        contact.normalised
        for row in touched
        for contact in row.values.contacts
        if contact.kind is ContactKind.PHONE and contact.normalised
    }
    keys = {key: phone for phone in phones for key in phone_keys(phone)}
    erased = {keys[key] for key in ErasedPhone.objects.filter(digest__in=list(keys)).values_list("digest", flat=True)}
    if not erased:
        return list(touched)
    return [
        dataclasses.replace(
            row,
            values=dataclasses.replace(
                row.values, contacts=[one for one in row.values.contacts if one.normalised not in erased]
            ),
        )
        for row in touched
    ]


def _insert(source: str, new: Sequence[_Touched], *, now: dt.datetime) -> None:
    if not new:
        return
    BulkInserter(Client, (*FROM_OUTSIDE, *_ONCE)).insert([_columns(source, row, now) for row in new])
    ids = _known(source, [row.incoming for row in new])
    BulkInserter(ContactPoint, ("client", *_CONTACT)).insert(
        [
            (ids[row.incoming.external_id].pk, *_contact_columns(contact, position))
            for row in new
            for position, contact in enumerate(row.values.contacts)
        ]
    )


def _update(source: str, old: Sequence[_Touched], *, now: dt.datetime) -> None:
    # An upsert of rows that are there: one statement, where an UPDATE would need a CASE for every column and row.
    inserter = BulkInserter(Client, (*FROM_OUTSIDE, *_ONCE, "id"), update=FROM_OUTSIDE)
    inserter.insert([(*_columns(source, row, now), row.before.pk) for row in old if row.before is not None])
    _replace_contacts({row.before.pk: row.values.contacts for row in old if row.before is not None})


def _columns(source: str, row: _Touched, now: dt.datetime) -> tuple[Any, ...]:
    """In the order of FROM_OUTSIDE and _ONCE."""
    fields = {**row.values.fields, "digest": row.incoming.digest, "gone_at": None, "updated_at": now}
    external_id = row.incoming.external_id
    return (
        *(fields[name] for name in FROM_OUTSIDE),
        *(source, external_id, shard_of(external_id), Availability.FREE.value, now),
    )


# --- Contacts -----------------------------------------------------------------------------------------------------------


def _contact_columns(contact: Contact, position: int) -> tuple[Any, ...]:
    """In the order of _CONTACT."""
    return (
        contact.kind.value,
        contact.label,
        contact.raw,
        contact.normalised,
        contact.is_primary,
        contact.is_valid,
        position,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Saved:
    """Contacts that are there, by client, kind and value; those that repeat another; those that people of ours added."""

    rows: dict[tuple[int, str, str], tuple[int, tuple[Any, ...]]]
    repeated: list[int]
    added: set[int]


def _saved(client_ids: list[int]) -> _Saved:
    found = _Saved(rows={}, repeated=[], added=set())
    rows = ContactPoint.objects.filter(client__in=client_ids).order_by("pk")
    for pk, client_id, added_by, *columns in rows.values_list("pk", "client_id", "added_by", *_CONTACT):
        kind, _label, raw, normalised = columns[:4]
        key = (client_id, kind, normalised or raw.lower())
        if key in found.rows:
            found.repeated.append(pk)
            continue
        found.rows[key] = (pk, tuple(columns))
        if added_by is not None:
            found.added.add(pk)
    return found


def _replace_contacts(contacts: Mapping[int, Sequence[Contact]]) -> None:
    """Contacts that are still the same number or mail keep their row: others may point at it. What people of ours added
    stays theirs until the source says it too."""
    if not contacts:
        return
    saved = _saved(list(contacts))
    before = saved.rows
    new: list[tuple[Any, ...]] = []
    different: list[tuple[Any, ...]] = []
    for client_id, own in contacts.items():
        for position, contact in enumerate(own):
            columns = _contact_columns(contact, position)
            key = (client_id, contact.kind.value, contact.normalised or contact.raw.lower())
            pk, old = before.pop(key, (0, ()))
            if not pk:
                new.append((client_id, *columns))
            elif old != columns:
                different.append((client_id, *columns, pk))
    left = {pk for pk, _columns_before in before.values()}
    gone = [*saved.repeated, *(left - saved.added)]
    if gone:
        ContactPoint.objects.filter(pk__in=gone).delete()
    taken_over = saved.added - left
    if taken_over:
        ContactPoint.objects.filter(pk__in=taken_over).update(added_by=None)
    BulkInserter(ContactPoint, ("client", *_CONTACT, "id"), update=_CONTACT).insert(different)
    BulkInserter(ContactPoint, ("client", *_CONTACT)).insert(new)


# --- What it says about the source ----------------------------------------------------------------------------------------


def _dates(page: Sequence[Incoming], reading: Reading, now: dt.datetime) -> SyncReport:
    undated = ahead = 0
    for one in page:
        if "updated_at" not in one.record:
            break
        moment = timestamps.read(one.record["updated_at"], reading.tz)
        undated += moment is None
        ahead += moment is not None and moment > now
    return SyncReport(undated=undated, ahead=ahead)


def _quality(touched: Sequence[_Touched]) -> SyncReport:
    contacts = [(row.incoming.external_id, contact) for row in touched for contact in row.values.contacts]
    invalid = [(who, contact) for who, contact in contacts if not contact.is_valid]
    phones = [(who, contact.raw, contact.problem) for who, contact in invalid if contact.kind is ContactKind.PHONE]
    return SyncReport(
        contacts=len(contacts),
        invalid_phones=len(phones),
        invalid_mails=len(invalid) - len(phones),
        unreadable=sum(row.values.unreadable for row in touched),
        unreachable=sum(not _reachable(row.values.contacts) for row in touched),
        examples=tuple(phones[:5]),
    )


def _reachable(contacts: Sequence[Contact]) -> bool:
    return any(contact.is_valid and contact.kind is ContactKind.PHONE for contact in contacts)
