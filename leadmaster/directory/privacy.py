"""Clients and their contacts, exclusions and those that were lifted: told, or taken out of the directory."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import transaction

from leadmaster.directory.models import (
    Client,
    ContactPoint,
    ErasedPhone,
    Suppression,
    SuppressionLift,
    phone_keys,
    shard_of,
)
from leadmaster.lib.db.retry import retrying
from leadmaster.ops import rollups
from leadmaster.ops.privacy.part import Part, Person, told


class Directory(Part):
    columns: ClassVar = {
        "directory.client": ("external_id", "name", "last_names", "tax_id", "digest"),
        "directory.contactpoint": ("label", "raw", "normalised"),
        "directory.suppression": ("phone", "reason"),
        "directory.suppressionlift": ("phone", "suppressed_reason", "reason"),
    }

    def recognise(self, person: Person) -> Person:
        """Whose phone it is, and their other phones."""
        known = ContactPoint.objects.filter(normalised__in=person.phones, kind=ContactPoint.Kind.PHONE)
        clients = set(known.values_list("client_id", flat=True))
        theirs = ContactPoint.objects.filter(client__in=clients, kind=ContactPoint.Kind.PHONE, is_valid=True)
        return Person.of({*person.phones, *theirs.values_list("normalised", flat=True)}, person.clients | clients)

    def export(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        keys = [key for phone in person.phones for key in phone_keys(phone)]
        return {
            "clients": told(Client.objects.filter(pk__in=person.clients)),
            "contacts": told(ContactPoint.objects.filter(client__in=person.clients)),
            "exclusions": told(Suppression.objects.filter(phone__in=person.phones)),
            "lifted_exclusions": told(SuppressionLift.objects.filter(phone__in=person.phones)),
            "erased_before": told(ErasedPhone.objects.filter(digest__in=keys)),
        }

    def prepare(self, person: Person, *, by_id: int | None, now: dt.datetime) -> None:
        """From here on they are excluded by the hash of each number, whoever writes them down again."""

        def once() -> None:
            keys = [phone_keys(phone)[0] for phone in person.phones]
            with transaction.atomic(durable=True):
                ErasedPhone.objects.bulk_create(
                    [ErasedPhone(digest=key, erased_at=now) for key in keys], ignore_conflicts=True
                )

        retrying(once)

    @transaction.atomic(durable=True)
    def erase(self, person: Person, *, by_id: int | None, now: dt.datetime) -> dict[str, int]:
        clients = list(Client.objects.filter(pk__in=person.clients).order_by("id").select_for_update())
        for client in clients:
            Client.objects.filter(pk=client.pk).update(**_emptied(client, person, now))
        lifted = SuppressionLift.objects.filter(phone__in=person.phones)
        asked = Suppression.objects.filter(phone__in=person.phones).values_list("created_at", flat=True)
        rollups.changed([*asked, *lifted.values_list("suppressed_at", flat=True)], now=now)
        contacts, _by_model = ContactPoint.objects.filter(client__in=person.clients).delete()
        excluded, _by_model = Suppression.objects.filter(phone__in=person.phones).delete()
        return {
            "clients": len(clients),
            "contacts": contacts,
            "exclusions": excluded,
            "lifted_exclusions": lifted.update(phone="", suppressed_reason="", reason=""),
        }


def _emptied(client: Client, person: Person, now: dt.datetime) -> dict[str, Any]:
    """The row stays for the work that hangs from it. An id that is a phone becomes one that says nothing."""
    external_id = client.external_id
    if person.without(external_id) != external_id:
        external_id = f"borrado-{client.pk}"
    return {
        "external_id": external_id,
        "shard": shard_of(external_id),
        "name": "",
        "last_names": "",
        "tax_id": "",
        "capacity": None,
        "registered_on": None,
        "digest": "",
        "gone_at": client.gone_at or now,
        "erased_at": client.erased_at or now,
        "updated_at": now,
    }


PART = Directory()
