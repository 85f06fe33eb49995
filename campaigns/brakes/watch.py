"""All brakes, and the look that a tick takes at them."""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections.abc import Iterable

from campaigns.brakes.base import Brake, News, Watcher
from campaigns.brakes.canary import Canary
from campaigns.brakes.error_rate import ErrorRate
from campaigns.brakes.half_deaf import HalfDeaf
from campaigns.brakes.opt_outs import OptOuts
from campaigns.brakes.sellers import Sellers
from campaigns.brakes.template import TemplateRefused
from campaigns.enums import BrakeKind
from campaigns.models import Campaign
from leadmaster.lib.db.retry import retrying

logger = logging.getLogger(__name__)

BRAKES: dict[BrakeKind, Brake] = {
    brake.kind: brake for brake in (ErrorRate(), Canary(), TemplateRefused(), OptOuts(), Sellers())
}


WATCHERS: tuple[Watcher, ...] = (*BRAKES.values(), HalfDeaf())


def holding(campaign: Campaign, now: dt.datetime) -> dict[BrakeKind, str]:
    """What holds this campaign now, and why."""
    found = {kind: brake.held(campaign, now) for kind, brake in BRAKES.items()}
    return {kind: why for kind, why in found.items() if why}


def look(news: News, now: dt.datetime) -> bool:
    """Whether any brake took hold. No query without news; a brake that fails stops neither the others nor the tick."""
    return _look(WATCHERS, news, now)


def heard_of(campaign: Campaign, now: dt.datetime) -> bool:
    """Somebody whom this campaign wrote to asked for silence: whether that was one too many."""
    return _look((BRAKES[BrakeKind.OPT_OUTS],), News({campaign.pk: campaign}), now)


def _look(brakes: Iterable[Watcher], news: News, now: dt.datetime) -> bool:
    held = False
    if not news.campaigns:
        return held
    for brake in brakes:
        try:
            held = retrying(functools.partial(brake.look, news, now)) or held
        except Exception:
            logger.exception("the brake %s could not look", type(brake).__name__)
    return held
