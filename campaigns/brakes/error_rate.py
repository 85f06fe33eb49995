"""Too many of a campaign's last tries failed: somebody is told, and then it is paused.

A try is judged by what is true of it in the end. It failed when the message was refused, whether at once, by a number
without WhatsApp, or by a late refusal, and when the gateway had it and said that it did not pass it on. What befell the
line (not ready, rate limit, wrong token) says nothing about the campaign, and a doubt is no outcome yet.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import ClassVar

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from campaigns import holds, lifecycle
from campaigns.brakes.base import News
from campaigns.brakes.newest_tries import Tries, Try
from campaigns.enums import AttemptOutcome, BrakeKind, EnvioState
from campaigns.errors import WrongState
from campaigns.models import Campaign, Envio
from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import CheckResult, apply_results, open_keys, resolve_alert
from leadmaster.ops.models import Alert
from whatsapp.gateways.answers import OF_THE_LINE

ALERT = "campaign-errors:"
# The last so many tries are judged.
WINDOW = 100

# Whatever code a refusal bears, these statuses are about the line.
_LINE_STATUSES = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
}


def alert_key(campaign_id: int) -> str:
    return f"{ALERT}{campaign_id}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tally:
    """How the last tries ended."""

    tries: int
    failed: int

    @property
    def enough(self) -> bool:
        return self.tries >= settings.ERROR_RATE_MIN_TRIES

    def reaches(self, percent: int) -> bool:
        """Whether so many of a hundred failed; never of none."""
        return bool(percent) and self.enough and self.failed * 100 >= percent * self.tries

    @property
    def sentence(self) -> str:
        return _("fallaron %(failed)d de los últimos %(tries)d intentos (%(percent)d %%)") % {
            "failed": self.failed,
            "tries": self.tries,
            "percent": round(self.failed * 100 / self.tries),
        }


class ErrorRate:
    kind: ClassVar[BrakeKind] = BrakeKind.ERROR_RATE

    @in_project_language
    def look(self, news: News, now: dt.datetime) -> bool:
        """One query for all, and one for each schedule that sent lately."""
        watched = [c for c in news.campaigns.values() if _percent_to_tell(c) or _percent_to_pause(c)]
        tallies = tallies_of(watched, news.tries(now)) if watched else {}
        braked = [c for c in watched if tallies[c.pk].reaches(_percent_to_pause(c)) and self._brake(c, tallies, now)]
        calm = []
        for campaign in watched:
            tally = tallies[campaign.pk]
            if campaign in braked:
                apply_results([_braked(campaign, tally)], now=now)
            elif tally.reaches(_percent_to_tell(campaign)):
                apply_results([_told(campaign, tally)], now=now)
            elif tally.enough:
                calm.append(alert_key(campaign.pk))
        for key in open_keys(*calm) if calm else ():
            if key in calm:
                resolve_alert(key, now=now)
        return bool(braked)

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        return next((hold.detail for hold in holds.open_of(campaign) if hold.kind == self.kind), "")

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        """Tries from before this moment are judged no more."""
        lifecycle.release(campaign, kind=self.kind, by=by, reason=reason, now=now)
        resolve_alert(alert_key(campaign.pk), now=now, by=by)

    def _brake(self, campaign: Campaign, tallies: dict[int, Tally], now: dt.datetime) -> bool:
        """Pause it, unless nothing of it waits any more or somebody was quicker."""
        if not Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).exists():
            return False
        try:
            lifecycle.brake(campaign, kind=self.kind, detail=tallies[campaign.pk].sentence, by=None, now=now)
        except (WrongState, IntegrityError):
            return False
        return True


def tallies_of(campaigns: Sequence[Campaign], tries: Tries) -> dict[int, Tally]:
    """How the last tries of each ended, since its brake was last lifted."""
    return {one.pk: _tally(tries.judged(one, BrakeKind.ERROR_RATE, most=WINDOW)) for one in campaigns}


def _tally(tries: Iterable[Try]) -> Tally:
    judged = [end for end in map(_failed, tries) if end is not None]
    return Tally(tries=len(judged), failed=sum(judged))


def _failed(one: Try) -> bool | None:
    """Whether this try failed; None while it says nothing about its campaign."""
    match one.outcome:
        case AttemptOutcome.SENT:
            return one.envio_state == EnvioState.ERROR
        case AttemptOutcome.REFUSED:
            return True
        case AttemptOutcome.NOT_SENT:
            of_the_line = one.code in OF_THE_LINE or one.http_status in _LINE_STATUSES
            return True if one.counted and not of_the_line else None
        case AttemptOutcome.UNKNOWN:
            return {EnvioState.SENT: False, EnvioState.ERROR: True}.get(EnvioState(one.envio_state))
    return None


def _percent_to_tell(campaign: Campaign) -> int:
    return settings.ERROR_RATE_ALERT if campaign.error_alert is None else campaign.error_alert


def _percent_to_pause(campaign: Campaign) -> int:
    return settings.ERROR_RATE_PAUSE if campaign.error_pause is None else campaign.error_pause


def _told(campaign: Campaign, tally: Tally) -> CheckResult:
    return CheckResult(
        key=alert_key(campaign.pk),
        title=_("La campaña “%(name)s” tiene muchos errores") % {"name": campaign.name},
        body=_("De sus mensajes %(figures)s. Mira sus errores antes de que se frene sola.")
        % {"figures": tally.sentence},
        severity=Alert.Severity.WARNING,
    )


def _braked(campaign: Campaign, tally: Tally) -> CheckResult:
    return CheckResult(
        key=alert_key(campaign.pk),
        title=_("La campaña “%(name)s” se frenó por sus errores") % {"name": campaign.name},
        body=_(
            "De sus mensajes %(figures)s, y quedó en pausa. Mira los errores, corrige la causa y suelta el freno con un "
            "motivo: desde ahí se cuenta de nuevo."
        )
        % {"figures": tally.sentence},
    )
