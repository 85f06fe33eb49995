"""The part of a campaign's page that moves: where it stands, why it does not send now, what it will do next."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns import lifecycle, pacing, screens
from campaigns.audience.directory import READ_DIRECTORY
from campaigns.engine.plan import Standing
from campaigns.engine.why_not import BRAKED, braked, why_not
from campaigns.enums import CAMPAIGN_ENDED, CampaignState, EnvioState, WhyNot
from campaigns.forecast import Forecast, forecast
from campaigns.lifecycle import TABLE, Verb
from campaigns.models import Campaign, Envio, Schedule
from campaigns.overlap import overlap
from campaigns.policy import Act, may
from campaigns.progress import Progress, progress
from campaigns.variants import provider
from leadmaster.accounts.models import User
from leadmaster.lib.screens import Share

LABELS: dict[Verb, Promise] = {
    Verb.SUBMIT: _("Enviar a aprobar"),
    Verb.APPROVE: _("Aprobar"),
    Verb.REJECT: _("Rechazar"),
    Verb.LAUNCH: _("Poner en marcha"),
    Verb.PAUSE: _("Pausar"),
    Verb.RESUME: _("Reanudar"),
    Verb.CANCEL: _("Cancelar campaña"),
}
_MAIN = frozenset({Verb.SUBMIT, Verb.APPROVE, Verb.LAUNCH, Verb.RESUME})
_SAMPLE = 3
CHANGE_SESSION = "whatsapp.change_whatsappsession"
_PREPARED = frozenset({CampaignState.DRAFT, CampaignState.AWAITING_APPROVAL, CampaignState.APPROVED})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Button:
    label: str
    url: str
    tone: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PathStep:
    """One step of a campaign on its way to be sent."""

    label: str
    done: bool
    current: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Live:
    """Everything the moving part shows, read once."""

    campaign: Campaign
    progress: Progress
    shares: list[Share]
    funnel: list[Share]
    standing: Standing | None
    forecast: Forecast | None
    moving: bool
    uncertain: int
    waiting: list[Schedule]
    path: list[PathStep]

    @property
    def sending(self) -> bool:
        """Whether it goes out by itself: nothing stops it but its turn."""
        return self.standing is not None and self.standing.reason in {
            None,
            WhyNot.PACING,
            WhyNot.IN_FLIGHT,
        }

    @property
    def braked(self) -> bool:
        """Whether a brake holds it, which only a supervisor lets go."""
        return self.standing is not None and self.standing.reason in BRAKED


def look(campaign: Campaign, now: dt.datetime) -> Live:
    done = progress(campaign)
    ended = campaign.state in CAMPAIGN_ENDED
    return Live(
        campaign=campaign,
        progress=done,
        shares=screens.state_shares(done),
        funnel=screens.funnel(done),
        standing=_standing(campaign, now, done),
        forecast=None if ended or not done.total else forecast(campaign, now, done=done),
        moving=not ended,
        uncertain=done.counts[EnvioState.UNCERTAIN],
        waiting=list(_waiting(campaign)),
        path=path(campaign, filled=done.total > 0),
    )


def _standing(campaign: Campaign, now: dt.datetime, done: Progress) -> Standing | None:
    """Why it sends nothing now; of one that is not running, only what a brake holds."""
    if campaign.state == CampaignState.RUNNING:
        return why_not(campaign, now, done=done)
    return braked([campaign]).get(campaign.pk)


def path(campaign: Campaign | None, *, filled: bool = False) -> list[PathStep]:
    """What was done of it and what comes next, until it is on its way. A new campaign is None."""
    state = CampaignState(campaign.state) if campaign is not None else CampaignState.DRAFT
    if state not in _PREPARED:
        return []
    told = (
        (_("Escribe el mensaje"), campaign is not None),
        (_("Agrega una programación"), campaign is not None and lifecycle.has_schedule(campaign)),
        (_("Importa los destinatarios"), filled),
        (_("Envíala a aprobar"), state != CampaignState.DRAFT),
        (_("Apruébala"), state == CampaignState.APPROVED),
        (_("Ponla en marcha"), False),
    )
    first = next(at for at, (_label, done) in enumerate(told) if not done)
    return [PathStep(label=str(label), done=done, current=at == first) for at, (label, done) in enumerate(told)]


def _waiting(campaign: Campaign) -> Iterable[Schedule]:
    """Schedules that were added or changed after the campaign was approved, or whose line changed its zone."""
    if campaign.state not in {CampaignState.APPROVED, CampaignState.RUNNING, CampaignState.PAUSED}:
        return ()
    return campaign.schedules.awaiting_approval().prefetch_related("windows")


def buttons(campaign: Campaign, user: User, *, live: Live) -> list[Button]:
    """What this person may do to it now, the likeliest first."""
    filled = live.progress.total > 0
    lifts = []
    if live.braked and may(user, Act.APPROVE, campaign):
        lifts.append(Button(label=str(_("Soltar el freno")), url=_url("lift", campaign), tone="primary"))
    if live.standing is not None and live.standing.reason == WhyNot.COLD and user.has_perm(CHANGE_SESSION):
        lift = reverse("admin:whatsapp_whatsappsession_lift_cold", args=[campaign.session_id])
        lifts.append(Button(label=str(_("Volver a escribirles antes")), url=lift, tone=""))
    found = [
        *lifts,
        *(
            Button(
                label=str(LABELS[verb]),
                url=reverse(f"admin:campaigns_campaign_{verb.value}", args=[campaign.pk]),
                tone=_tone(verb),
            )
            for verb in LABELS
            if verb in lifecycle.allowed_verbs(campaign)
            and may(user, TABLE[verb][2], campaign)
            and not (live.braked and verb is Verb.RESUME)
        ),
    ]
    if pacing.may_change(user, campaign):
        # Before the last one, which ends it.
        found.insert(-1, Button(label=str(_("Cambiar ritmo")), url=_url("pacing", campaign), tone=""))
    if campaign.state not in _PREPARED and may(user, Act.EDIT, campaign):
        # Once it was sent, or stands still.
        found.append(Button(label=str(_("Repetir")), url=_url("repeat", campaign), tone=""))
    if campaign.state != CampaignState.DRAFT:
        return found
    extra = []
    if may(user, Act.IMPORT, campaign):
        tone = "" if filled else "primary"
        extra.append(Button(label=str(_("Importar destinatarios")), url=_url("upload", campaign), tone=tone))
        if user.has_perm(READ_DIRECTORY):
            extra.append(Button(label=str(_("Añadir del directorio")), url=_url("directory", campaign), tone=""))
    if filled and may(user, Act.EDIT, campaign):
        extra.append(Button(label=str(_("Editar mensaje")), url=_url("message", campaign), tone=""))
    if provider.configured() and may(user, Act.EDIT, campaign):
        extra.append(Button(label=str(_("Variantes con IA")), url=_url("variants", campaign), tone=""))
    # Without recipients there is nothing to submit yet.
    return [*found[:1], *extra, *found[1:]] if filled else [*extra, *found[1:]]


def page(campaign: Campaign, user: User, now: dt.datetime) -> dict[str, Any]:
    """The context around the campaign's form."""
    live = look(campaign, now)
    return {
        "live": live,
        "buttons": buttons(campaign, user, live=live),
        "events": campaign.events.select_related("by").order_by("-id"),
        "imports": campaign.imports.select_related("by"),
        "examples": list(_examples(campaign)),
        "overlap": overlap(campaign, now).sentences(now) if live.path and live.progress.total else [],
        "may_decide": may(user, Act.DECIDE, campaign),
        "may_approve": may(user, Act.APPROVE, campaign),
    }


def _examples(campaign: Campaign) -> QuerySet[Envio]:
    """A few messages, in the order of the claim's index: by id a campaign of a million would be sorted for it."""
    rows = Envio.objects.filter(campaign=campaign).order_by("state", "next_due", "id")
    return rows.only("phone", "name", "text")[:_SAMPLE]


def _tone(verb: Verb) -> str:
    if verb is Verb.CANCEL:
        return "danger"
    return "primary" if verb in _MAIN else ""


def _url(name: str, campaign: Campaign) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])
