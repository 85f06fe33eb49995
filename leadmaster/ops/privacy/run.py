"""Tell or take out what is held of one person, through all parts, and write down who asked for it.

Erasing begins with what must not go on: from then on nobody writes to them, whatever list they come with. Then each part
is one transaction. A process that dies in between is followed by asking again: what is left still leads to the person.
"""

from __future__ import annotations

import collections
import datetime as dt
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from leadmaster.lib.crypto import keyed_hash
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.phones.parsing import InvalidPhone, normalise
from leadmaster.ops.models import PersonalDataRequest
from leadmaster.ops.privacy.part import NotNow, Part, Person

_LONGEST_REASON = 300


def parts() -> list[Part]:
    """In the order in which they are erased."""
    return [import_string(name) for name in settings.PERSONAL_DATA]


def person_of(text: str, *, region: str) -> Person:
    """Whoever has this phone, as people of `region` write it. Raises NotNow with the sentence for what is no phone."""
    phone = normalise(text, region)
    if isinstance(phone, InvalidPhone):
        raise NotNow(f"{text}: {phone.sentence}")
    person = Person.of([phone.e164])
    for part in parts():
        person = part.recognise(person)
    return person


def export(person: Person, *, by_id: int | None, reason: str, now: dt.datetime) -> dict[str, Any]:
    """Everything, by kind; kinds of which there is nothing are there and empty."""
    held: dict[str, Any] = {}
    for part in parts():
        held |= part.export(person)
    counts = {kind: len(rows) for kind, rows in held.items()}
    _write_down(PersonalDataRequest.Kind.EXPORT, person, counts, by_id=by_id, reason=reason, now=now)
    return {"phones": sorted(person.phones), "exported_at": now, **held}


def count(person: Person) -> dict[str, int]:
    """How many rows of each kind an export would tell: for whoever is about to erase. Writes nothing down."""
    return {kind: len(rows) for part in parts() for kind, rows in part.export(person).items() if rows}


def erase(person: Person, *, by_id: int | None, reason: str, now: dt.datetime) -> dict[str, int]:
    """Texts, names and contacts gone; states, counts and the ledger as they were. Raises NotNow."""
    if not reason.strip():
        raise NotNow(_("Escribe el motivo: queda en el registro de datos personales."))
    for part in parts():
        part.prepare(person, by_id=by_id, now=now)
    erased: collections.Counter[str] = collections.Counter()
    for part in parts():
        erased.update(retrying(lambda part=part: part.erase(person, by_id=by_id, now=now)))  # type: ignore[misc]
    _write_down(PersonalDataRequest.Kind.ERASE, person, dict(erased), by_id=by_id, reason=reason, now=now)
    return dict(erased)


def _write_down(
    kind: PersonalDataRequest.Kind,
    person: Person,
    counts: dict[str, int],
    *,
    by_id: int | None,
    reason: str,
    now: dt.datetime,
) -> None:
    first = min(person.phones, key=lambda phone: (len(phone), phone))
    PersonalDataRequest.objects.create(
        kind=kind,
        person_key=keyed_hash(first, key_hex=settings.FIELD_ENCRYPTION_KEY, context="personal data"),
        at=now,
        by_id=by_id,
        reason=person.without(reason).strip()[:_LONGEST_REASON],
        counts=counts,
    )
