"""A supervisor lets go of what holds a campaign: the one operation behind admin, pages and API."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import holds
from campaigns.brakes.watch import BRAKES
from campaigns.enums import BrakeKind
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
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    held = holds.open_of(campaign)
    if not held:
        raise WrongState(
            _("Ningún freno detiene la campaña “%(name)s”. Actualiza la página.") % {"name": campaign.name}
        )
    for hold in held:
        BRAKES[BrakeKind(hold.kind)].lift(campaign, by=by, reason=reason, now=now)
