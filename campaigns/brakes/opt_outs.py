"""Too many of those whom a campaign reached ask to be left alone: somebody is told, and it is paused.

An opt-out counts when it came after the message, from whichever line it was answered. A doubt is none until a person says
that it was one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from campaigns import holds, lifecycle
from campaigns.brakes.base import News
from campaigns.brakes.newest_tries import Tries, Try
from campaigns.enums import BrakeKind, EnvioState
from campaigns.errors import WrongState
from campaigns.models import Campaign, Envio
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import CheckResult, apply_results, resolve_alert

ALERT = "campaign-opt-outs:"
_REACHED = (EnvioState.SENT, EnvioState.SENT_BY_HAND)


def alert_key(campaign_id: int) -> str:
    return f"{ALERT}{campaign_id}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Share:
    """How many of those whom it reached lately asked for silence."""

    reached: int
    asked: int

    def reaches(self, percent: int) -> bool:
        """Whether so many of a hundred asked; never of too few."""
        return (
            bool(percent)
            and self.reached >= settings.OPT_OUT_MIN_REACHED
            and self.asked * 100 >= percent * self.reached
        )

    @property
    def sentence(self) -> str:
        return _("pidieron la baja %(asked)d de los últimos %(reached)d a los que les llegó (%(percent)d %%)") % {
            "asked": self.asked,
            "reached": self.reached,
            "percent": round(self.asked * 100 / self.reached),
        }


class OptOuts:
    kind: ClassVar[BrakeKind] = BrakeKind.OPT_OUTS

    @in_project_language
    def look(self, news: News, now: dt.datetime) -> bool:
        """One query, besides those that read the tries."""
        watched = [campaign for campaign in news.campaigns.values() if _percent(campaign)]
        shares = shares_of(watched, news.tries(now)) if watched else {}
        braked = [c for c in watched if shares[c.pk].reaches(_percent(c)) and self._brake(c, shares[c.pk], now)]
        if braked:
            apply_results([_told(campaign, shares[campaign.pk]) for campaign in braked], now=now)
        return bool(braked)

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        return next((hold.detail for hold in holds.open_of(campaign) if hold.kind == self.kind), "")

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        """Messages from before this moment are judged no more."""
        lifecycle.release(campaign, kind=self.kind, by=by, reason=reason, now=now)
        resolve_alert(alert_key(campaign.pk), now=now, by=by)

    def _brake(self, campaign: Campaign, share: Share, now: dt.datetime) -> bool:
        """Pause it, unless nothing of it waits any more or somebody was quicker."""
        if not Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).exists():
            return False
        try:
            lifecycle.brake(campaign, kind=self.kind, detail=share.sentence, by=None, now=now)
        except (WrongState, IntegrityError):
            return False
        return True


def shares_of(campaigns: Sequence[Campaign], tries: Tries) -> dict[int, Share]:
    """Of each, since its brake was last lifted. One query, once enough of any were reached."""
    reached = {
        one.pk: [each for each in tries.judged(one, BrakeKind.OPT_OUTS) if each.envio_state in _REACHED]
        for one in campaigns
    }
    enough = [found for found in reached.values() if len(found) >= settings.OPT_OUT_MIN_REACHED]
    asked = _asked({each.phone for found in enough for each in found})
    return {pk: _share(found, asked) for pk, found in reached.items()}


def _asked(phones: set[str]) -> dict[str, dt.datetime]:
    """When those among them who asked for it did."""
    if not phones:
        return {}
    asked = Suppression.objects.filter(phone__in=phones, source=Suppression.Source.REPLY)
    return dict(asked.order_by().values_list("phone", "created_at"))


def _share(tries: Sequence[Try], asked: dict[str, dt.datetime]) -> Share:
    after = sum(one.phone in asked and asked[one.phone] >= one.claimed_at for one in tries)
    return Share(reached=len(tries), asked=after)


def _percent(campaign: Campaign) -> int:
    return settings.OPT_OUT_PAUSE if campaign.opt_out_pause is None else campaign.opt_out_pause


def _told(campaign: Campaign, share: Share) -> CheckResult:
    return CheckResult(
        key=alert_key(campaign.pk),
        title=_("La campaña “%(name)s” se frenó por las bajas") % {"name": campaign.name},
        body=_(
            "En ella %(figures)s, y quedó en pausa. Mira a quién le escribe y qué dice; si está bien así, suelta el freno "
            "con un motivo: desde ahí se cuenta de nuevo."
        )
        % {"figures": share.sentence},
    )
