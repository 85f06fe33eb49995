"""Whom we may write to: clients from outside, how to reach them, and the numbers that asked us not to."""

from leadmaster.directory.enums import Availability
from leadmaster.directory.models.client import SHARDS, Client, ContactPoint, shard_of
from leadmaster.directory.models.suppression import (
    ErasedPhone,
    Suppression,
    SuppressionLift,
    SuppressionQuerySet,
    lid_keys,
    phone_keys,
)
from leadmaster.directory.models.sync_state import SyncState

__all__ = [
    "SHARDS",
    "Availability",
    "Client",
    "ContactPoint",
    "ErasedPhone",
    "Suppression",
    "SuppressionLift",
    "SuppressionQuerySet",
    "SyncState",
    "lid_keys",
    "phone_keys",
    "shard_of",
]
