"""One of their rows as one of ours: tidied, its phones read, and a digest of what the source said."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import hashlib
import re
import zoneinfo
from collections.abc import Sequence
from typing import Any, Final

from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import Client
from leadmaster.directory.sync import timestamps
from leadmaster.directory.sync.decoding import as_text
from leadmaster.directory.sync.ids import key_of
from leadmaster.directory.sync.source import RawContact, Record
from leadmaster.lib.amounts import read_amount
from leadmaster.lib.dates import read_date, read_moment
from leadmaster.lib.mojibake import restored
from leadmaster.lib.phones.parsing import InvalidPhone, normalise

# A change of the rules below makes every row a changed one.
_RULES: Final = 3

ID_LENGTH: Final = 64
_LENGTHS: Final = {
    field.name: field.max_length
    for field in Client._meta.concrete_fields
    if field.name in {"name", "last_names", "tax_id", "agreement", "province", "city", "client_type"}
}
_RAW_LENGTH: Final = 160
_MOST_CAPACITY: Final = decimal.Decimal(10) ** 12
_MAIL: Final = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s.,;<>()]{2,}")
# A number with the ending that WhatsApp's tools give it is no mail.
_WHATSAPP_ID: Final = re.compile(r"[^@]*@(?:c\.us|s\.whatsapp\.net|g\.us|lid)", re.I)
_MOBILE: Final = re.compile(r"cel|m[oó]vil|whats|mobile", re.I)
_MAIL_WORD: Final = re.compile(r"correo|mail", re.I)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """How to understand the source: whose phone habits, and which zone its clocks show."""

    region: str
    tz: zoneinfo.ZoneInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Contact:
    kind: ContactKind
    label: str
    raw: str
    normalised: str
    is_primary: bool
    problem: str = ""

    @property
    def is_valid(self) -> bool:
        return bool(self.normalised)


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """The client's columns that come from outside. `unreadable` of them said something that is no number or date."""

    fields: dict[str, Any]
    contacts: list[Contact]
    unreadable: int


def digest(record: Record, contacts: Sequence[RawContact], reading: Reading) -> str:
    """Of all that the source says about the client. A row that was only touched (`updated_at`) has the same one."""
    said = [value for field, value in record.items() if field != "updated_at"]
    parts = (_RULES, reading.region, str(reading.tz), said, sorted(contacts))
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def external_id(record: Record) -> str:
    """Empty for a row that can't be told from others."""
    found = key_of(record["external_id"])
    return found if len(found) <= ID_LENGTH else ""


def values(record: Record, raw_contacts: Sequence[RawContact], reading: Reading) -> Values:
    """Tidied, and cut to what the columns hold."""
    fields: dict[str, Any] = {name: _text(record.get(name), length) for name, length in _LENGTHS.items()}
    fields["capacity"] = _number(record.get("capacity"), reading.region)
    fields["registered_on"] = _date(record.get("registered_on"), reading.region)
    fields["external_updated_at"] = _moment(record.get("updated_at"), reading)
    read_from = {"capacity": "capacity", "registered_on": "registered_on", "external_updated_at": "updated_at"}
    unreadable = sum(
        fields[ours] is None and record.get(theirs) not in (None, "") for ours, theirs in read_from.items()
    )
    return Values(fields, _contacts(raw_contacts, reading), unreadable)


def _text(value: Any, length: int | None) -> str:
    if value is None:
        return ""
    return " ".join(restored(as_text(value).replace("\x00", "")).split())[:length]


def _number(value: Any, region: str) -> decimal.Decimal | None:
    number = read_amount(value, region=region) if isinstance(value, str) else _exact(value)
    if number is None or not number.is_finite() or abs(number) >= _MOST_CAPACITY:
        return None
    cents = number.quantize(decimal.Decimal("0.01"))
    # 999,999,999,999.999 is rounded to what no column holds.
    return cents if abs(cents) < _MOST_CAPACITY else None


def _exact(value: Any) -> decimal.Decimal | None:
    try:
        return None if value is None else decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        return None


def _date(value: Any, region: str) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return read_date(value, region=region) if isinstance(value, str) else None


def _moment(value: Any, reading: Reading) -> dt.datetime | None:
    """Databases compare moments by themselves and write them so; in a file they look as people write them."""
    known = timestamps.read(value, reading.tz)
    if known is not None or not isinstance(value, str):
        return known
    return timestamps.read(read_moment(value, region=reading.region), reading.tz)


# --- Contacts -----------------------------------------------------------------------------------------------------------


def _contacts(raw_contacts: Sequence[RawContact], reading: Reading) -> list[Contact]:
    """In the order in which to try them: what works, what the source calls principal, mobiles, then the rest.

    The same number written twice is one contact.
    """
    found: dict[tuple[str, str], Contact] = {}
    for raw in raw_contacts:
        contact = _contact(raw, reading)
        if contact is None:
            continue
        key = (contact.kind, contact.normalised or contact.raw.lower())
        known = found.get(key)
        if known is None:
            found[key] = contact
        elif contact.is_primary and not known.is_primary:
            found[key] = dataclasses.replace(known, is_primary=True)
    return sorted(found.values(), key=_order)


def _contact(raw: RawContact, reading: Reading) -> Contact | None:
    text = _text(raw.value, _RAW_LENGTH)
    if not text:
        return None
    label = _text(raw.kind, 40).lower()
    if ("@" in text or _MAIL_WORD.search(label)) and not _WHATSAPP_ID.fullmatch(text):
        mail = text.lower()
        valid = mail if _MAIL.fullmatch(mail) else ""
        return Contact(ContactKind.EMAIL, label, text, valid, raw.primary)
    phone = normalise(text, reading.region)
    if isinstance(phone, InvalidPhone):
        return Contact(ContactKind.PHONE, label, text, "", raw.primary, phone.sentence)
    return Contact(ContactKind.PHONE, label, text, phone.e164, raw.primary)


def _order(contact: Contact) -> tuple[bool, bool, bool, bool, str]:
    return (
        not contact.is_valid,
        contact.kind is ContactKind.EMAIL,
        not contact.is_primary,
        not _MOBILE.search(contact.label),
        contact.raw,
    )
