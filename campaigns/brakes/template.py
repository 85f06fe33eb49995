"""The official API does not take a campaign's approved template: every further message would meet the same."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import IntegrityError
from django.utils.translation import gettext as _

from campaigns import holds, lifecycle
from campaigns.brakes.base import News
from campaigns.enums import BrakeKind
from campaigns.errors import WrongState
from campaigns.models import Campaign
from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import CheckResult, apply_results, resolve_alert

ALERT = "campaign-template:"


def alert_key(campaign_id: int) -> str:
    return f"{ALERT}{campaign_id}"


@in_project_language
def hold(campaign: Campaign, *, detail: str, now: dt.datetime) -> bool:
    """Pause it, unless somebody was quicker, and tell. Whether it was paused."""
    try:
        lifecycle.brake(campaign, kind=BrakeKind.TEMPLATE, detail=detail.rstrip("."), by=None, now=now)
    except (WrongState, IntegrityError):
        return False
    apply_results([_told(campaign, detail)], now=now)
    return True


class TemplateRefused:
    """It takes hold at once, by `hold`, where the refusal comes in; there is nothing to look for afterwards."""

    kind: ClassVar[BrakeKind] = BrakeKind.TEMPLATE

    def look(self, news: News, now: dt.datetime) -> bool:
        return False

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        return next((hold.detail for hold in holds.open_of(campaign) if hold.kind == self.kind), "")

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        lifecycle.release(campaign, kind=self.kind, by=by, reason=reason, now=now)
        resolve_alert(alert_key(campaign.pk), now=now, by=by)


def _told(campaign: Campaign, detail: str) -> CheckResult:
    return CheckResult(
        key=alert_key(campaign.pk),
        title=_("La campaña “%(name)s” se frenó por su plantilla") % {"name": campaign.name},
        body=_("%(detail)s Revisa la plantilla en Meta y suelta el freno con un motivo: lo pendiente sigue desde ahí.")
        % {"detail": detail},
    )
