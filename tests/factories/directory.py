"""Suppressed numbers."""

from __future__ import annotations

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from leadmaster.directory.models import Suppression


class SuppressionFactory(DjangoModelFactory[Suppression]):
    class Meta:
        model = Suppression

    phone = factory.Sequence(lambda n: f"+54935155{n:05d}")
    source = Suppression.Source.REPLY
    created_at = factory.LazyFunction(timezone.now)
