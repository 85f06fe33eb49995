"""What a person decides about one envío: the three ways out of `incierto`, and marking by hand."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import conversation_states, envio_states
from campaigns.enums import CAMPAIGN_ENDED, EnvioState, Evidence
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign, Envio
from campaigns.models.envio import REPLY_KEEPS
from campaigns.policy import Act, may, require
from leadmaster.accounts.models import User
from whatsapp import sessions
from whatsapp.gateways.base import Capability


class Decision(enum.StrEnum):
    """What became of an uncertain message, by somebody who looked."""

    ARRIVED = "arrived"  # → enviado_manual
    RESEND = "resend"  # → pendiente: it did not arrive, send it again
    GIVE_UP = "give_up"  # → error: it did not arrive, leave it


_TARGET = {
    Decision.ARRIVED: EnvioState.SENT_BY_HAND,
    Decision.RESEND: EnvioState.PENDING,
    Decision.GIVE_UP: EnvioState.ERROR,
}


@transaction.atomic(durable=True)
def decide(envio: Envio, decision: Decision, *, by: User, reason: str, now: dt.datetime) -> Envio:
    """Settle an uncertain envío. Raises NotAllowed, Incomplete (no reason) or WrongState (no longer uncertain)."""
    require_decision(envio, by=by)
    reason = _reason(reason)
    target = _TARGET[decision]
    if target is EnvioState.PENDING:
        _require_that_it_may_go(envio, now)
    outcomes: dict[EnvioState, dict[str, Any]] = {
        EnvioState.SENT_BY_HAND: {"ended_at": now},
        EnvioState.PENDING: {"next_due": now, "dispatched_at": None, "error_code": "", "error_text": ""},
        EnvioState.ERROR: {"ended_at": now, "error_code": "DECIDED", "error_text": reason},
    }
    return _settle(envio, EnvioState.UNCERTAIN, target, by=by, reason=reason, now=now, **outcomes[target])


@transaction.atomic(durable=True)
def mark_by_hand(envio: Envio, *, by: User, reason: str, now: dt.datetime) -> Envio:
    """Somebody wrote to the person themselves: the envío will not go out."""
    require_decision(envio, by=by)
    return _settle(
        envio, EnvioState.PENDING, EnvioState.SENT_BY_HAND, by=by, reason=_reason(reason), now=now, ended_at=now
    )


def ask_now(envio: Envio, *, by: User, now: dt.datetime) -> None:
    """Have the gateway asked about it with the next look-up, within a minute: no page waits for a gateway.

    Raises NotAllowed; WrongState where it is not uncertain any more, or its gateway answers no such question.
    """
    require_decision(envio, by=by)
    if not sessions.has_capability(envio.session, Capability.LOOKUP):
        raise WrongState(_("El gateway de esta línea no contesta consultas: míralo en su teléfono."))
    if not Envio.objects.uncertain().filter(pk=envio.pk).update(lookup_due=now):
        raise WrongState(_("Este mensaje ya no está incierto."))


def may_decide(user: User | AnonymousUser, envio: Envio) -> bool:
    """Of a campaign's whoever decides about the campaign; of a reply who wrote it, and who supervises its line."""
    if envio.campaign is not None:
        return may(user, Act.DECIDE, envio.campaign)
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.is_administrator or envio.author_id == user.pk:
        return True
    return user.has_perm(Act.DECIDE.value) and envio.session.team_id in user.supervised_team_ids


def require_decision(envio: Envio, *, by: User | AnonymousUser) -> None:
    """Raise NotAllowed unless `may_decide`."""
    if envio.campaign is not None:
        require(by, Act.DECIDE, envio.campaign)
    elif not may_decide(by, envio):
        raise NotAllowed(_("Lo decide quien escribió la respuesta o quien supervisa su línea."))


def _require_that_it_may_go(envio: Envio, now: dt.datetime) -> None:
    if envio.campaign_id is None:
        if envio.created_at <= now - REPLY_KEEPS:
            raise WrongState(_("Pasó más de una hora: ciérrala como no enviada y vuelve a escribirla."))
    elif _campaign_state(envio.campaign_id) in CAMPAIGN_ENDED:
        raise WrongState(_("La campaña ya terminó: este envío no puede volver a salir."))


def _campaign_state(campaign_id: int) -> str:
    """As it is now, and held: whoever cancels meanwhile waits, and then sweeps up what this decision left pending."""
    return Campaign.objects.select_for_update().values_list("state", flat=True).get(pk=campaign_id)


def _reason(reason: str) -> str:
    reason = reason.strip()[:300]
    if not reason:
        raise Incomplete(_("Escribe el motivo: queda en el historial del envío."))
    return reason


def _settle(
    envio: Envio,
    source: EnvioState,
    target: EnvioState,
    *,
    by: User,
    reason: str,
    now: dt.datetime,
    **fields: Any,
) -> Envio:
    moved = envio_states.move(
        envio.pk,
        source=source,
        target=target,
        now=now,
        settled_by=by,
        settled_reason=reason,
        lookup_due=None,
        **fields,
    )
    if moved != 1:
        envio.refresh_from_db()
        raise WrongState(
            _("El envío ahora está %(state)s. Actualiza la página.") % {"state": envio.get_state_display().lower()}
        )
    envio_states.record(
        [envio.pk], source=source, target=target, evidence=Evidence.PERSON, now=now, by=by, reason=reason
    )
    if target is EnvioState.SENT_BY_HAND and envio.is_reply:
        conversation_states.answered(envio.pk, now=now)
    envio.refresh_from_db()
    return envio
