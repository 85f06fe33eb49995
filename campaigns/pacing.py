"""How fast a campaign sends, and changing that after it was approved.

Slower is for whoever operates the campaign, faster for whoever approves: nobody approved more than what they saw. A
change counts for what is claimed from then on; what is in flight, or rests already, keeps the pause that it was given.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Self

from django.db import transaction
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.enums import CAMPAIGN_ENDED, CampaignState
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign, CampaignEvent
from campaigns.models.campaign import LONGEST_PAUSE, MOST_IN_A_BURST
from campaigns.policy import Act, may, require
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pacing:
    """Seconds between two messages, and after every so many. `burst_size` 0: no bursts."""

    delay_min: int
    delay_max: int
    burst_size: int
    burst_pause: int

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        return cls(**{field.name: getattr(campaign, field.name) for field in dataclasses.fields(cls)})

    @property
    def version(self) -> str:
        """What a page showed and a change is made from: the numbers themselves, whoever wrote them."""
        return "-".join(str(number) for number in dataclasses.astuple(self))

    @property
    def words(self) -> str | Promise:
        delay = format_lazy(
            gettext_lazy("{shortest}–{longest} s entre mensajes"), shortest=self.delay_min, longest=self.delay_max
        )
        if not self.burst_size:
            return delay
        burst = format_lazy(gettext_lazy("{pause} s cada {size}"), pause=self.burst_pause, size=self.burst_size)
        return format_lazy("{delay}, {burst}", delay=delay, burst=burst)

    def never_faster_than(self, other: Pacing) -> bool:
        """Whether no message can go out sooner than by the other one, wherever in a burst its line is."""
        if self.delay_min < other.delay_min or self.delay_max < other.delay_max:
            return False
        if (self.burst_size, self.burst_pause) == (other.burst_size, other.burst_pause):
            return True
        if not self.burst_size:
            return not other.burst_size
        # Bursts that end sooner are slower as far as their pause is the longer one.
        longest = max(self.delay_max, other.burst_pause if other.burst_size else 0)
        return (not other.burst_size or self.burst_size <= other.burst_size) and self.burst_pause >= longest


def may_change(user: User | None, campaign: Campaign) -> bool:
    """Whether this person may change the pacing at all: for buttons."""
    if campaign.state == CampaignState.DRAFT or campaign.state in CAMPAIGN_ENDED:
        return False
    return may(user, Act.APPROVE if campaign.state == CampaignState.AWAITING_APPROVAL else Act.OPERATE, campaign)


def change(
    campaign: Campaign, pacing: Pacing, *, version: str, by: User | None, reason: str, now: dt.datetime
) -> Campaign:
    """Send at another pace from the next message on, with a line in the campaign's history.

    `version` is that of the pacing which the person saw. Raises NotAllowed, Incomplete (bounds, no reason, nothing new)
    or WrongState (a draft, one that ended, or somebody changed it meanwhile); nothing is written then.
    """
    require(by, Act.OPERATE, campaign)
    if not reason.strip():
        raise Incomplete(_("Escribe por qué cambia el ritmo: queda en el historial."))
    _check_bounds(pacing)
    return retrying(functools.partial(_change, campaign, pacing, version=version, by=by, reason=reason, now=now))


@transaction.atomic(durable=True)
def _change(
    campaign: Campaign, pacing: Pacing, *, version: str, by: User | None, reason: str, now: dt.datetime
) -> Campaign:
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    before = Pacing.of(locked)
    _check_state(locked, by=by)
    if before.version != version:
        raise WrongState(
            _("Alguien cambió el ritmo mientras lo mirabas: ahora es %(pacing)s. Míralo de nuevo y decide.")
            % {"pacing": before.words}
        )
    if pacing == before:
        raise Incomplete(_("Ese ya es su ritmo: cambia alguno de los números."))
    if not pacing.never_faster_than(before) and not may(by, Act.APPROVE, locked):
        raise NotAllowed(
            _("Enviar más rápido lo decide quien aprueba la campaña: pídeselo a tu supervisor. Más lento puedes tú.")
        )
    Campaign.objects.filter(pk=locked.pk).update(**dataclasses.asdict(pacing))
    CampaignEvent.objects.create(
        campaign=locked,
        at=now,
        by=by,
        from_state=locked.state,
        to_state=locked.state,
        change=kept(format_lazy(gettext_lazy("Ritmo: de {before} a {after}"), before=before.words, after=pacing.words)),
        reason=reason.strip()[:300],
    )
    campaign.refresh_from_db()
    return campaign


def _check_state(campaign: Campaign, *, by: User | None) -> None:
    if campaign.state == CampaignState.DRAFT:
        raise WrongState(_("La campaña es un borrador: cambia el ritmo en su formulario."))
    if campaign.state in CAMPAIGN_ENDED:
        raise WrongState(_("La campaña ya terminó: su ritmo no se cambia."))
    if not may_change(by, campaign):
        raise WrongState(_("La campaña espera aprobación: para cambiar su ritmo, pide antes que la rechacen."))


def _check_bounds(pacing: Pacing) -> None:
    if pacing.delay_min > pacing.delay_max:
        raise Incomplete(_("La pausa máxima es más corta que la mínima."))
    pauses = (pacing.delay_min, pacing.delay_max, pacing.burst_pause)
    if min(*pauses, pacing.burst_size) < 0 or max(pauses) > LONGEST_PAUSE or pacing.burst_size > MOST_IN_A_BURST:
        raise Incomplete(
            _("Una pausa dura hasta %(pause)d s (un día) y una ráfaga tiene hasta %(size)d mensajes.")
            % {"pause": LONGEST_PAUSE, "size": MOST_IN_A_BURST}
        )
