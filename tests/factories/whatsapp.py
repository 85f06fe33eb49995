"""Sessions."""

from __future__ import annotations

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from tests.factories.accounts import TeamFactory
from whatsapp.models import Region, State, WhatsAppSession


class WhatsAppSessionFactory(DjangoModelFactory[WhatsAppSession]):
    """A session that is READY, with one lane's worth of room, of a team of its own and of no promoter."""

    class Meta:
        model = WhatsAppSession

    name = factory.Sequence(lambda n: f"Línea {n}")
    tenant_id = factory.Sequence(lambda n: f"cliente-{n}")
    team = factory.SubFactory(TeamFactory)
    region = Region.AR
    time_zone = "America/Argentina/Cordoba"
    daily_limit = 180
    state = State.READY
    state_at = factory.LazyFunction(timezone.now)
    last_seen_at = factory.LazyFunction(timezone.now)
