"""Propose variants of a draft's message, and accept those that a person looked over.

Accepted ones become options of the message, `[the first|the second]`, so that everything else (who gets which, the
texts frozen before the approval, what pages tell) is as for any message that varies.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.enums import CampaignState, EnvioState
from campaigns.errors import Incomplete, Stale, WrongState
from campaigns.message_editing import edit_message
from campaigns.models import Campaign, Envio
from campaigns.parsing import parse
from campaigns.policy import Act, require
from campaigns.rendering import Template, Variation
from campaigns.variants import guard, provider
from campaigns.variations import MOST_OPTIONS
from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language

__all__ = ["MOST", "Proposal", "accept", "base_of", "propose"]

# At once: what a person reads with care.
MOST: Final = 5
# Of one person in an hour: each holds a worker for as long as the endpoint takes, and costs what its owner asks for it.
MOST_AN_HOUR: Final = 30
# The line's last texts that a variant is held against.
_RECENT: Final = 50


class Proposal(NamedTuple):
    """A text, and why it can't be accepted as it is; empty when it can."""

    text: str
    problem: str


def base_of(campaign: Campaign) -> str:
    """The message that variants are of: its first option where all of it varies."""
    return _options(campaign)[0]


def propose(campaign: Campaign, *, count: int, by: User | None) -> list[Proposal]:
    """Ask for `count` variants. Nothing is written.

    Raises NotAllowed, WrongState (no draft, or asked too often within an hour) or provider.ProviderError.
    """
    _require_draft(campaign, by)
    if provider.configured():
        _count(by)
    texts = provider.rewrite(base_of(campaign), count=min(max(count, 1), MOST))
    return check(campaign, texts)


def check(campaign: Campaign, texts: Iterable[str]) -> list[Proposal]:
    """Each text with what is wrong with it: the same rule for what a model wrote and for what a person mended."""
    options = _options(campaign)
    recent = _recent(campaign)
    found: list[Proposal] = []
    for text in texts:
        problem = guard.problem_of(text, original=options[0])
        if not problem and guard.too_like(text, [*options, *(one.text for one in found if not one.problem)]):
            problem = _("Se parece demasiado a otra variante.")
        if not problem and guard.too_like(text, recent):
            problem = _("Se parece demasiado a lo último que envió este número.")
        found.append(Proposal(text, problem))
    return found


def accept(campaign: Campaign, texts: Sequence[str], *, base: str, by: User | None, now: dt.datetime) -> int:
    """Make these texts options of the draft's message. Returns how many recipients' texts were written anew.

    `base` is the message that the person read them against. Raises NotAllowed, WrongState, Stale (it says something
    else by now), or Incomplete with the first text that can't go out; nothing is changed then.
    """
    _require_draft(campaign, by)
    if base.split() != base_of(campaign).split():
        raise Stale(_("El mensaje cambió mientras las leías. Pide variantes del mensaje nuevo."))
    if not texts:
        raise Incomplete(_("Elige al menos una variante."))
    options = [*_options(campaign), *(text.strip() for text in texts)]
    if len(options) > MOST_OPTIONS:
        raise Incomplete(_("Un mensaje tiene hasta %(most)d variantes: elige menos.") % {"most": MOST_OPTIONS})
    for number, proposal in enumerate(check(campaign, [text.strip() for text in texts]), start=1):
        if proposal.problem:
            raise Incomplete(
                _("La variante %(number)d no se puede usar. %(problem)s")
                % {"number": number, "problem": proposal.problem}
            )
    return edit_message(
        campaign, f"[{'|'.join(options)}]", by=by, now=now, instead_of=campaign.template, reason=_accepted(len(texts))
    )


@in_project_language
def _accepted(count: int) -> str:
    return ngettext("Aceptó %(count)d variante.", "Aceptó %(count)d variantes.", count) % {"count": count}


def _require_draft(campaign: Campaign, by: User | None) -> None:
    require(by, Act.EDIT, campaign)
    if campaign.state != CampaignState.DRAFT:
        raise WrongState(_("Las variantes se escriben mientras la campaña es borrador."))


def _count(by: User | None) -> None:
    key = f"variants-{by.pk if by else 0}"
    cache.add(key, 0, timeout=3600)
    if cache.incr(key) > MOST_AN_HOUR:
        raise WrongState(
            _("Ya pediste variantes %(most)d veces en una hora: espera un poco antes de pedir más.")
            % {"most": MOST_AN_HOUR}
        )


def _options(campaign: Campaign) -> list[str]:
    """The message's options where it consists of nothing else; otherwise one way of saying it."""
    template = parse(campaign.template)
    if len(template.parts) == 1 and isinstance(template.parts[0], Variation):
        return [Template(option).source for option in template.parts[0].options]
    return [template.chosen("").source]


def _recent(campaign: Campaign) -> list[str]:
    """What this line sent last in other campaigns, each text once. By the index of its sending times."""
    others = Envio.objects.of_campaigns().exclude(campaign=campaign)  # what people answered is no mailing's text
    rows = others.filter(session=campaign.session_id, state=EnvioState.SENT)
    texts = rows.order_by("-sent_at").values_list("text", flat=True)[: _RECENT * 4]
    return list(itertools.islice(dict.fromkeys(texts), _RECENT))
