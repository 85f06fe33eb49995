"""Another try for messages that ended in error and provably did not leave. Never for one in doubt."""

from __future__ import annotations

import datetime as dt
import functools

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import envio_states
from campaigns.afterwards.reasons import retriable
from campaigns.enums import CampaignState, EnvioState, Evidence
from campaigns.errors import Incomplete, WrongState
from campaigns.models import Campaign, Envio
from campaigns.policy import Act, require
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying

_BATCH = 500
# In which a message that waits will go out, or may.
_ALIVE = (CampaignState.RUNNING, CampaignState.PAUSED)


def retry(campaign: Campaign, *, by: User, reason: str, now: dt.datetime, code: str | None = None) -> int:
    """Back to `pendiente`, those of one `code` or all that can be; returns how many. Some at a time; safe to repeat.

    They wait their turn as everybody: windows, limits, opt-outs and rests count again. Raises NotAllowed, Incomplete
    (no reason) or WrongState (it does not send any more: `repeat` writes to those who are missing).
    """
    require(by, Act.OPERATE, campaign)
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el historial de cada envío."))
    done = after = 0
    while True:
        moved, after = retrying(functools.partial(_some, campaign.pk, after, by=by, reason=reason, now=now, code=code))
        done += moved
        if not after:
            return done


@transaction.atomic(durable=True)
def _some(
    campaign_id: int, after: int, *, by: User, reason: str, now: dt.datetime, code: str | None
) -> tuple[int, int]:
    """How many moved, and after which id to go on; 0 at the end."""
    # Held: whoever cancels meanwhile waits, and then sweeps up what this left pending.
    state = Campaign.objects.select_for_update().values_list("state", flat=True).get(pk=campaign_id)
    if state not in _ALIVE:
        raise WrongState(
            _("La campaña ya no envía: repítela con quienes faltan, y se aprueba como cualquier campaña nueva.")
        )
    errors = Envio.objects.filter(campaign=campaign_id, state=EnvioState.ERROR, pk__gt=after)
    if code is not None:
        errors = errors.filter(error_code=code)
    ids = list(retriable(errors).order_by("pk").values_list("pk", flat=True)[:_BATCH])
    if not ids:
        return 0, 0
    locked = list(Envio.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    # Looked at again under the lock: a late proof of sending may have come.
    sure = list(retriable(errors.filter(pk__in=locked)).values_list("pk", flat=True))
    moved = envio_states.move(
        *sure,
        source=EnvioState.ERROR,
        target=EnvioState.PENDING,
        now=now,
        next_due=now,
        dispatched_at=None,
        ended_at=None,
        error_code="",
        error_text="",
    )
    envio_states.record(
        sure,
        source=EnvioState.ERROR,
        target=EnvioState.PENDING,
        evidence=Evidence.PERSON,
        now=now,
        by=by,
        reason=reason.strip(),
    )
    return moved, ids[-1]
