"""The desk's rows: rows as asked, nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from leadmaster.accounts.roles import Role
from leadmaster.calendars.models import OpeningWindow, OperatingCalendar
from leadmaster.directory.models import Client, ContactPoint
from opportunities.enums import StageType
from opportunities.models import Desk, Promoter, Stage, StageRoute
from tests.factories.accounts import TeamFactory, UserFactory


class CalendarFactory(DjangoModelFactory[OperatingCalendar]):
    """Open every day, all day, in UTC. `windows=[(weekday, opens, closes), …]` says others."""

    class Meta:
        model = OperatingCalendar
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Horario {n}")
    time_zone = "UTC"

    @factory.post_generation
    def windows(
        self: OperatingCalendar, create: bool, extracted: list[tuple[int, dt.time, dt.time]] | None, **_: Any
    ) -> None:
        if create:
            always = [(day, dt.time(0), dt.time(0)) for day in range(7)]
            OpeningWindow.objects.bulk_create(
                OpeningWindow(calendar=self, weekday=weekday, opens=opens, closes=closes)
                for weekday, opens, closes in (always if extracted is None else extracted)
            )


class DeskFactory(DjangoModelFactory[Desk]):
    class Meta:
        model = Desk

    team = factory.SubFactory(TeamFactory)
    calendar = factory.SubFactory(CalendarFactory)
    daily_quota = 20


class PromoterFactory(DjangoModelFactory[Promoter]):
    class Meta:
        model = Promoter

    user = factory.SubFactory(UserFactory, role=Role.PROMOTER)
    desk = factory.SubFactory(DeskFactory)


class StageFactory(DjangoModelFactory[Stage]):
    class Meta:
        model = Stage

    name = factory.Sequence(lambda n: f"Etapa {n}")
    type = StageType.PROGRESS
    order = factory.Sequence(lambda n: n)


class ClientFactory(DjangoModelFactory[Client]):
    """A free client with one valid phone. `phone=None` for one without."""

    class Meta:
        model = Client
        skip_postgeneration_save = True

    source = "externa"
    external_id = factory.Sequence(str)
    name = factory.Sequence(lambda n: f"Cliente {n}")
    province = "Jalisco"
    city = "Guadalajara"
    agreement = "Convenio A"
    client_type = "activo"
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def phone(self: Client, create: bool, extracted: str | None, **_: Any) -> None:
        if create:
            value = extracted or f"+5233{10_000_000 + self.pk:08d}"
            ContactPoint.objects.create(
                client=self, kind=ContactPoint.Kind.PHONE, raw=value, normalised=value, is_primary=True
            )


class Funnel:
    """The stages of a small funnel: new → contacted → no answer | not interested (pool) | sold | lost."""

    def __init__(self) -> None:
        self.new = StageFactory(name="Nueva", type=StageType.INITIAL, timer_minutes=60)
        self.contacted = StageFactory(name="Contactada", timer_minutes=120)
        self.no_answer = StageFactory(name="No contesta", type=StageType.EXIT, cooldown_days=7)
        self.pooled = StageFactory(name="Otro momento", type=StageType.EXIT, exit_to="pool", cooldown_days=30)
        self.sold = StageFactory(name="Venta", type=StageType.SALE, required_fields=["amount"])
        self.lost = StageFactory(name="No le interesa", type=StageType.LOST)
        for source in (self.new, self.contacted):
            for target in (self.contacted, self.no_answer, self.pooled, self.sold, self.lost):
                if source != target:
                    StageRoute.objects.create(from_stage=source, to_stage=target)
