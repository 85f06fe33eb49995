"""Campaigns whose state is not that of their messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext as _

from campaigns import lifecycle
from campaigns.enums import CAMPAIGN_ENDED, ENVIO_OPEN, CampaignState, EnvioState
from campaigns.errors import Refused
from campaigns.models import Campaign, Envio
from leadmaster.ops.reconciliation.check import Check, Finding

# The sender closes what is done at its next look.
_AT_REST = dt.timedelta(minutes=15)


class CampaignCheck(Check[Campaign]):
    area = "campaigns"
    # The door opens a transaction of its own and looks again.
    own_transaction = True

    def locked(self, pk: int) -> Campaign | None:
        held = self.rows().select_for_update(skip_locked=True)
        return held.filter(pk=pk).first()


class RunningButDone(CampaignCheck):
    """`en_progreso` with nothing left to send or to decide."""

    name = "campaigns.done"

    def rows(self) -> QuerySet[Campaign]:
        return Campaign.objects.filter(state=CampaignState.RUNNING)

    def suspects(self, rows: QuerySet[Campaign], *, now: dt.datetime) -> Iterable[int]:
        left = Envio.objects.filter(campaign=OuterRef("pk"), state__in=ENVIO_OPEN)
        return rows.filter(~Exists(left), launched_at__lt=now - _AT_REST).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        campaign = self.locked(pk)
        if campaign is None or Envio.objects.filter(campaign=pk, state__in=ENVIO_OPEN).exists():
            return None
        last = Envio.objects.filter(campaign=pk).aggregate(sent=Max("sent_at"), ended=Max("ended_at"))
        moments = [moment for moment in last.values() if moment is not None]
        if not moments or max(moments) >= now - _AT_REST:
            return None
        return self.found(
            pk,
            _("Dice «en progreso» y no le queda nada por enviar."),
            repair=_("Se da por finalizada."),
            last=max(moments),
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        try:
            lifecycle.finish(Campaign.objects.get(pk=finding.subject), now=now)
        except Refused as error:
            raise ValueError(str(error)) from error


class EndedButPending(CampaignCheck):
    """Over, and some of its messages still wait to be sent."""

    name = "campaigns.pending"

    def rows(self) -> QuerySet[Campaign]:
        return Campaign.objects.filter(state__in=CAMPAIGN_ENDED)

    def suspects(self, rows: QuerySet[Campaign], *, now: dt.datetime) -> Iterable[int]:
        left = Envio.objects.filter(campaign=OuterRef("pk"), state=EnvioState.PENDING)
        return rows.filter(Exists(left)).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        campaign = self.locked(pk)
        left = Envio.objects.filter(campaign=pk, state=EnvioState.PENDING).count()
        # A campaign that was cancelled a moment ago is being swept.
        if campaign is None or not left or (campaign.ended_at and campaign.ended_at >= now - _AT_REST):
            return None
        return self.found(
            pk,
            _("La campaña terminó y %(left)d envíos siguen pendientes.") % {"left": left},
            repair=_("Se cancelan."),
            pending=left,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        campaign = Campaign.objects.get(pk=finding.subject)
        lifecycle.sweep_cancelled(campaign, by=None, now=now, reason=finding.what)
