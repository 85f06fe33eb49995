"""The first messages of a campaign go ahead alone: until they have reached the server, the rest waits.

It is set when a campaign is launched; those from before have none. A message that failed makes room for another one, so
a few bad numbers stop nobody; what is on its way or in doubt keeps its place. Where the line tells no acknowledgements,
the gateway's own id counts. When as many failed as had to arrive, or one keeps its place for too long, somebody is told
and a person decides: nothing is sent to find out.

Strict, whatever runs at once: each claim counts on in the canary's row, and only if nobody counted since the census.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.db.models import Count, F, Min, Q
from django.utils.translation import gettext as _

from campaigns import holds
from campaigns.brakes.base import News
from campaigns.enums import Ack, BrakeKind, CampaignState, EnvioState
from campaigns.models import Campaign, CampaignCanary, Envio
from leadmaster.accounts.models import User
from leadmaster.ops.alerts import CheckResult, resolve_alert
from whatsapp import sessions

ALERT = "campaign-canary:"
# An acknowledgement of the server comes within seconds; a look-up of a doubt, within the hour at the latest.
PATIENCE = dt.timedelta(minutes=15)

_TRIED = (EnvioState.SENDING, EnvioState.SENT, EnvioState.UNCERTAIN, EnvioState.ERROR)


def alert_key(campaign_id: int) -> str:
    return f"{ALERT}{campaign_id}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Census:
    """What became of the messages of a canary so far. `since` is when the oldest that keeps its place left."""

    size: int
    reached: int = 0
    on_the_way: int = 0
    failed: int = 0
    since: dt.datetime | None = None

    @property
    def passed(self) -> bool:
        return self.reached >= self.size

    @property
    def room(self) -> int:
        """How many more may be tried now."""
        if self.passed or self.failed >= self.size:
            return 0
        return max(0, self.size - self.reached - self.on_the_way)

    def needs_person(self, now: dt.datetime) -> bool:
        """Whether waiting will not help."""
        if self.passed or self.room:
            return False
        return self.failed >= self.size or (self.since is not None and now - self.since > PATIENCE)

    @property
    def sentence(self) -> str:
        told = _("llegaron %(reached)d de %(size)d") % {"reached": self.reached, "size": self.size}
        return told if not self.failed else _("%(told)s, fallaron %(failed)d") % {"told": told, "failed": self.failed}


@dataclasses.dataclass(kw_only=True)
class Ticket:
    """The right of a plan to claim some of a canary's messages: it ends with the room, or when somebody else claims."""

    campaign_id: int
    claims: int
    room: int

    def take(self) -> bool:
        """One of them, in the claim's transaction. False when another tick claimed since the census."""
        self.room -= 1
        mine = CampaignCanary.objects.filter(campaign_id=self.campaign_id, claims=self.claims)
        if not mine.update(claims=F("claims") + 1):
            self.room = 0
            return False
        self.claims += 1
        return True


def waiting(campaign: Campaign) -> CampaignCanary | None:
    """Its canary while it holds the rest back. No query where the campaign was read with it."""
    try:
        canary: CampaignCanary = campaign.canary
    except CampaignCanary.DoesNotExist:
        return None
    return canary if canary.passed_at is None else None


def censuses(campaigns: Iterable[Campaign]) -> dict[int, Census]:
    """Of those that have a canary at work. One query; none where there is none."""
    sizes = {campaign.pk: canary.size for campaign in campaigns if (canary := waiting(campaign)) is not None}
    if not sizes:
        return {}
    heard = {campaign.pk: sessions.tells_acks(campaign.session) for campaign in campaigns if campaign.pk in sizes}
    found = {pk: Census(size=size) for pk, size in sizes.items()}
    rows = Envio.objects.filter(campaign__in=sizes, state__in=_TRIED).order_by()
    grouped = rows.values_list("campaign_id", "state", "ack").annotate(count=Count("id"), since=Min("dispatched_at"))
    for campaign_id, state, ack, count, since in grouped:
        found[campaign_id] = _counted(found[campaign_id], state, ack, count, since, tells_acks=heard[campaign_id])
    return found


def _counted(
    census: Census, state: str, ack: int, count: int, since: dt.datetime | None, *, tells_acks: bool
) -> Census:
    if state == EnvioState.ERROR:
        return dataclasses.replace(census, failed=census.failed + count)
    if state == EnvioState.SENT and (ack >= Ack.SERVER or not tells_acks):
        return dataclasses.replace(census, reached=census.reached + count)
    oldest = min((at for at in (census.since, since) if at is not None), default=None)
    return dataclasses.replace(census, on_the_way=census.on_the_way + count, since=oldest)


class Canary:
    kind: ClassVar[BrakeKind] = BrakeKind.CANARY

    def look(self, news: News, now: dt.datetime) -> bool:
        """Note whose first messages have arrived, so that nobody counts them again. The plan holds the others back."""
        ids = [pk for pk, campaign in news.campaigns.items() if waiting(campaign) is not None]
        passed = [pk for pk, census in censuses(_read(ids)).items() if census.passed] if ids else []
        if passed:
            CampaignCanary.objects.filter(pk__in=passed, passed_at__isnull=True).update(passed_at=now)
        return bool(passed)

    def held(self, campaign: Campaign, now: dt.datetime) -> str:
        [campaign] = _read([campaign.pk])
        census = censuses([campaign]).get(campaign.pk)
        held = census is not None and not census.passed and campaign.state == CampaignState.RUNNING
        return census.sentence if census is not None and held else ""

    def lift(self, campaign: Campaign, *, by: User, reason: str, now: dt.datetime) -> None:
        CampaignCanary.objects.filter(pk=campaign.pk, passed_at__isnull=True).update(passed_at=now)
        holds.note(campaign, by=by, reason=reason, now=now)
        resolve_alert(alert_key(campaign.pk), now=now, by=by)


def check(now: dt.datetime) -> Sequence[CheckResult]:
    """Those that wait for a person. One query when no campaign has one at work, two otherwise."""
    at_work = Q(state=CampaignState.RUNNING, canary__passed_at__isnull=True, canary__isnull=False)
    campaigns = list(Campaign.objects.filter(at_work).select_related("session", "canary").order_by("id"))
    found = censuses(campaigns)
    return [_told(campaign, found[campaign.pk]) for campaign in campaigns if found[campaign.pk].needs_person(now)]


def _told(campaign: Campaign, census: Census) -> CheckResult:
    return CheckResult(
        key=alert_key(campaign.pk),
        title=_("Los primeros mensajes de “%(name)s” no llegan") % {"name": campaign.name},
        body=_(
            "La campaña espera que sus primeros mensajes lleguen al servidor: %(figures)s. El resto no sale. Mira la "
            "línea y los envíos; si está bien así, suelta el freno con un motivo."
        )
        % {"figures": census.sentence},
    )


def _read(ids: Sequence[int]) -> list[Campaign]:
    return list(Campaign.objects.filter(pk__in=ids).select_related("session", "canary"))
