"""Clients, their contacts, and suppressed numbers."""

from __future__ import annotations

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from leadmaster.directory.models import Availability, Client, ContactPoint, Suppression


class ClientFactory(DjangoModelFactory[Client]):
    """A free client of one province, without contacts."""

    class Meta:
        model = Client

    source = "externo"
    external_id = factory.Sequence(lambda n: str(n + 1))
    name = "Paula"
    last_names = factory.Sequence(lambda n: f"Vázquez {n}")
    agreement = "IMSS"
    province = "Jalisco"
    city = "Zapopan"
    client_type = "activo"
    availability = Availability.FREE
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.LazyAttribute(lambda client: client.created_at)


class ContactPointFactory(DjangoModelFactory[ContactPoint]):
    """A valid Mexican mobile."""

    class Meta:
        model = ContactPoint

    client = factory.SubFactory(ClientFactory)
    kind = ContactPoint.Kind.PHONE
    label = "celular"
    normalised = factory.Sequence(lambda n: f"+5233{n + 10_000_000:08d}")
    raw = factory.LazyAttribute(lambda contact: contact.normalised)
    is_primary = True


class SuppressionFactory(DjangoModelFactory[Suppression]):
    class Meta:
        model = Suppression

    phone = factory.Sequence(lambda n: f"+54935155{n:05d}")
    source = Suppression.Source.REPLY
    created_at = factory.LazyFunction(timezone.now)
