"""Linking a phone with its line: the one operation behind "Mi WhatsApp", the admin's page and the API.

Two ways lead to it: the phone scans a code, or somebody types eight characters on it. Either is asked of the gateway at
this moment; nothing of them is stored.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language
from leadmaster.lib.phones.parsing import InvalidPhone, normalise, pretty
from leadmaster.lib.phones.spellings import spellings
from leadmaster.ops.alerts import resolve_alert
from whatsapp import health, sessions, warm_up
from whatsapp.gateways.base import Capability, GatewayError, PairingCode, TypedCode
from whatsapp.gateways.registry import open_gateway
from whatsapp.models import SessionEvent, State, WhatsAppSession
from whatsapp.standing import WRONG_ACCOUNT


class Stage(enum.Enum):
    """Where linking stands, which is what its page shows."""

    LINKED = "linked"
    OPENING = "opening"
    CODE = "code"
    CLOSED = "closed"  # nothing is under way: connect


@dataclasses.dataclass(frozen=True, kw_only=True)
class Linking:
    stage: Stage
    code: PairingCode | None = None
    # What the gateway or the line says is wrong, in words.
    trouble: str = ""


class LinkingRefused(Exception):
    """It can't be done now. `str()` is for the person."""


def look(session: WhatsAppSession, now: dt.datetime) -> Linking:
    """Ask the gateway how it stands, and for the code of this moment. Never raises for what the gateway does."""
    session = sessions.refresh(session, now)
    if session.state == State.READY:
        return Linking(stage=Stage.LINKED, trouble=session.trouble)
    try:
        code = sessions.pairing_code(session)
    except GatewayError as error:
        return Linking(stage=Stage.CLOSED, trouble=error.detail)
    if code is not None:
        return Linking(stage=Stage.CODE, code=code, trouble=session.trouble)
    opening = session.state in (State.CONNECTING, State.AWAITING_QR)
    return Linking(stage=Stage.OPENING if opening else Stage.CLOSED, trouble=session.trouble)


def can_type(session: WhatsAppSession) -> bool:
    """Whether its gateway gives codes to type."""
    return sessions.has_capability(session, Capability.PAIRING_CODE)


def typed_code(session: WhatsAppSession, phone: str) -> TypedCode:
    """A code to type on the phone of this number, written as people write it; of a line that has one, on that alone.

    Raises LinkingRefused with what to do, or GatewayError.
    """
    if not can_type(session):
        raise LinkingRefused(_("El gateway de esta línea no da códigos para escribir: escanea el código QR."))
    number = session.phone if not phone.strip() and session.phone else _number(session, phone)
    code = open_gateway(session.gateway_config()).typed_code(number)
    if code is None:
        raise LinkingRefused(_("La línea no espera un teléfono ahora: conéctala y pide el código de nuevo."))
    return code


def _number(session: WhatsAppSession, phone: str) -> str:
    number = normalise(phone, session.region)
    if isinstance(number, InvalidPhone):
        raise LinkingRefused(number.sentence)
    if session.phone and not spellings(number.e164) & spellings(session.phone):
        raise LinkingRefused(
            _("Esta línea es %(phone)s: pide el código para ese número, o que un supervisor le cambie el número.")
            % {"phone": pretty(session.phone)}
        )
    return number.e164


@in_project_language
def change_number(session: WhatsAppSession, *, by: User, reason: str, now: dt.datetime) -> WhatsAppSession:
    """Let another number have this line, and say why: its phone is unlinked, and the next one that is linked is its own.

    A new number warms up. The caller checked that they may. Raises LinkingRefused, or GatewayError: then all is as it was.
    """
    if not session.phone:
        raise LinkingRefused(_("Esta línea todavía no tiene número: vincula su teléfono."))
    if session.state == State.READY:
        gateway = open_gateway(session.gateway_config())
        logs_out = sessions.has_capability(session, Capability.LOGOUT)
        gateway.logout() if logs_out else gateway.disconnect()
    with transaction.atomic():
        row = WhatsAppSession.objects.filter(pk=session.pk)
        if not row.filter(phone=session.phone).update(
            phone="", in_use_since=None, warm_up_day=None, closed_reason="", closed_at=now
        ):
            raise LinkingRefused(_("Alguien cambió el número mientras tanto. Actualiza la página."))
        if session.trouble_code == WRONG_ACCOUNT:
            row.update(paused_at=None, trouble="", trouble_code="")
            resolve_alert(health.session_key(session.pk), now=now, by=by)
        session.refresh_from_db()
        row.update(warm_up_step=warm_up.first_step(session, session.day_at(now)))
        SessionEvent.objects.create(
            session=session, at=now, by=by, kind=SessionEvent.Kind.NUMBER_CHANGED, reason=reason[:300]
        )
    return sessions.refresh(session, now)
