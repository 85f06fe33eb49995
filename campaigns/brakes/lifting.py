"""A supervisor lets go of what holds a campaign: the one operation behind admin, pages and API."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.brakes.watch import BRAKES, holding
from campaigns.errors import Incomplete, WrongState
from campaigns.models import Campaign
from campaigns.policy import Act, require
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying


def lift(campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> Campaign:
    """Let go of every brake that holds it. Raises NotAllowed, Incomplete without a reason, WrongState when none does."""
    require(by, Act.APPROVE, campaign)
    if not reason.strip():
        raise Incomplete(_("Escribe por qué sueltas el freno: queda en el historial."))
    retrying(lambda: _lift(campaign, by=by, reason=reason, now=now))
    campaign.refresh_from_db()
    return campaign


@transaction.atomic(durable=True)
def _lift(campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    held = holding(locked, now)
    if not held:
        raise WrongState(
            _("Ningún freno detiene la campaña “%(name)s”. Actualiza la página.") % {"name": campaign.name}
        )
    for kind in held:
        BRAKES[kind].lift(locked, by=by, reason=reason, now=now)
