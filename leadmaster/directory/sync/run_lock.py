"""Whose turn it is: one run per source, by a token that every page asks for."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.directory.models import SyncState
from leadmaster.directory.sync.errors import SyncError

# A run that committed nothing for so long lost its process: a page takes seconds, and machines' clocks differ by less.
LOST_AFTER: Final = dt.timedelta(minutes=5)
_ALIVE_AT: Final = "alive_at"


def take(name: str, *, polite: bool) -> uuid.UUID:
    """From here on only the holder of this token commits pages of this source.

    A `polite` run raises SyncError("running") when another one is alive.
    """
    SyncState.objects.get_or_create(source=name)
    with transaction.atomic(durable=True):
        state = SyncState.objects.select_for_update().get(source=name)
        left = state.progress or {}
        if polite and state.run is not None and _alive(left):
            raise SyncError("running", _("Otra sincronización del mismo origen está en marcha."))
        token = uuid.uuid4()
        SyncState.objects.filter(pk=state.pk).update(run=token, progress={**left, **sign_of_life()})
    return token


def end(name: str, token: uuid.UUID) -> None:
    """Nobody has to wait for a run that ended, however it ended. What it left stays, for the next one."""
    SyncState.objects.filter(source=name, run=token).update(run=None)


def sign_of_life() -> dict[str, str]:
    """Written with every page."""
    return {_ALIVE_AT: timezone.now().isoformat()}


def silent_for(state: SyncState, *, now: dt.datetime) -> dt.timedelta:
    """Since when a run has given no sign of life; for ever, if it never did."""
    seen = (state.progress or {}).get(_ALIVE_AT)
    return now - dt.datetime.fromisoformat(seen) if seen else dt.timedelta.max


def overtaken() -> SyncError:
    return SyncError("overtaken", _("Otra sincronización del mismo origen tomó el relevo: esta se detuvo."))


def unfinished_full(name: str) -> bool:
    """Whether a full run was left in the middle: the next one goes on with it."""
    left = SyncState.objects.filter(source=name).values_list("progress", flat=True).first()
    return bool(left and left.get("full"))


def _alive(progress: Mapping[str, Any]) -> bool:
    seen = progress.get(_ALIVE_AT)
    return seen is not None and timezone.now() - dt.datetime.fromisoformat(seen) < LOST_AFTER
