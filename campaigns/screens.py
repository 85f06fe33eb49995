"""How the sender's states look on every screen: one colour per meaning, one sentence per standing."""

from __future__ import annotations

import datetime as dt

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns.engine.plan import Standing
from campaigns.enums import Ack, AttemptOutcome, CampaignState, EnvioState, ScheduleState
from campaigns.models import Attempt, Campaign, Envio, Schedule
from campaigns.pacing import Pacing
from campaigns.progress import Progress
from leadmaster.lib import screens
from leadmaster.lib.screens import Share, Tone

CAMPAIGN_TONE: dict[str, Tone] = {
    CampaignState.DRAFT: "neutral",
    CampaignState.AWAITING_APPROVAL: "warn",
    CampaignState.APPROVED: "info",
    CampaignState.RUNNING: "good",
    CampaignState.PAUSED: "warn",
    CampaignState.FINISHED: "neutral",
    CampaignState.CANCELLED: "bad",
}

ENVIO_TONE: dict[str, Tone] = {
    EnvioState.PENDING: "neutral",
    EnvioState.SENDING: "info",
    EnvioState.SENT: "good",
    EnvioState.SENT_BY_HAND: "good",
    EnvioState.HISTORICAL: "neutral",
    EnvioState.UNCERTAIN: "warn",
    EnvioState.ERROR: "bad",
    EnvioState.CANCELLED: "neutral",
}

# Fills of bars: every state its own, so that neighbours tell apart.
ENVIO_FILL: dict[EnvioState, screens.Fill] = {
    EnvioState.SENT: "sent",
    EnvioState.SENT_BY_HAND: "by-hand",
    EnvioState.HISTORICAL: "historical",
    EnvioState.SENDING: "sending",
    EnvioState.UNCERTAIN: "uncertain",
    EnvioState.ERROR: "error",
    EnvioState.CANCELLED: "cancelled",
    EnvioState.PENDING: "pending",
}

OUTCOME_TONE: dict[str, Tone] = {
    AttemptOutcome.OPEN: "info",
    AttemptOutcome.SENT: "good",
    AttemptOutcome.REFUSED: "bad",
    AttemptOutcome.NOT_SENT: "neutral",
    AttemptOutcome.UNKNOWN: "warn",
    AttemptOutcome.WITHDRAWN: "neutral",
}

SCHEDULE_TONE: dict[str, Tone] = {
    ScheduleState.PENDING: "warn",
    ScheduleState.APPROVED: "good",
    ScheduleState.REJECTED: "bad",
}


def campaign_badge(campaign: Campaign) -> SafeString:
    return screens.badge(campaign.get_state_display(), CAMPAIGN_TONE[campaign.state])


def envio_badge(envio: Envio) -> SafeString:
    return screens.badge(envio.get_state_display(), ENVIO_TONE[envio.state])


def outcome_badge(attempt: Attempt) -> SafeString:
    return screens.badge(attempt.get_outcome_display(), OUTCOME_TONE[attempt.outcome])


def schedule_badge(schedule: Schedule) -> SafeString:
    return screens.badge(schedule.get_state_display(), SCHEDULE_TONE[schedule.state])


def pacing(campaign: Campaign) -> str:
    return str(Pacing.of(campaign).words)


def state_shares(progress: Progress) -> list[Share]:
    """The states of a campaign's messages as parts of one bar, done first."""
    return screens.shares((state.label, progress.counts[state], fill) for state, fill in ENVIO_FILL.items())


def state_bar(progress: Progress) -> SafeString:
    label = _("%(done)d de %(total)d terminados") % {"done": progress.done, "total": progress.total}
    return screens.stacked_bar(
        ((state.label, progress.counts[state], fill) for state, fill in ENVIO_FILL.items()), label
    )


def took(attempt: Attempt) -> str:
    """How long an attempt was on the wire; empty where nothing was measured."""
    return "" if attempt.duration_ms is None else screens.seconds(attempt.duration_ms / 1000)


def funnel(progress: Progress) -> list[Share]:
    """Sent, on the server, delivered, read; each as a percentage of what was sent."""
    whole = progress.sent or 1
    steps: tuple[screens.Part, ...] = (
        (_("Enviados"), progress.sent, "sent"),
        (Ack.SERVER.label, progress.server, "server"),
        (_("Entregados"), progress.delivered, "delivered"),
        (_("Leídos"), progress.read, "read"),
    )
    return [Share(str(name), count, count * 100 / whole, tone) for name, count, tone in steps]


def why_not_sentence(standing: Standing, now: dt.datetime) -> str:
    """`Fuera de la ventana de envío · sigue mañana 09:00`. Empty when it may go out now."""
    if standing.reason is None:
        return ""
    sentence = standing.label
    if standing.detail:
        sentence = f"{sentence}: {standing.detail}"
    if standing.until is not None and standing.until > now:
        return _("%(reason)s · sigue %(until)s") % {"reason": sentence, "until": screens.spoken(standing.until, now)}
    return sentence
