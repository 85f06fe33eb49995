"""What people write to us is kept, and who asks to be left alone is: at once, everywhere."""

from __future__ import annotations

import datetime as dt

from campaigns.models import Reply
from campaigns.opt_ins import ask_back, is_opt_in
from campaigns.opt_out_doubts import hold
from campaigns.opt_outs import OptOut, meaning
from campaigns.suppressions import suppress
from leadmaster.directory.models import Suppression
from leadmaster.lib.phones.parsing import InvalidPhone, Phone, normalise
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

_LONGEST_REPLY = 4_096


def receive(inbound: Inbound, *, session: WhatsAppSession, now: dt.datetime) -> bool:
    """Act on what somebody wrote to us, and write it down. Returns whether they asked to be left alone.

    Repetition changes nothing.
    """
    if not inbound.phone:
        return False
    known = normalise(inbound.phone, session.region)
    asked = _leave_alone(inbound, known, now=now)
    if is_opt_in(inbound.text):
        ask_back(_spellings(inbound, known), now=now)
    Reply.objects.get_or_create(
        session=session,
        message_id=inbound.message_id,
        defaults={
            "phone": known.e164 if isinstance(known, Phone) else inbound.phone,
            "text": inbound.text[:_LONGEST_REPLY],
            "at": min(inbound.at, now),
        },
    )
    return asked


def _leave_alone(inbound: Inbound, known: Phone | InvalidPhone, *, now: dt.datetime) -> bool:
    meant = meaning(inbound.text)
    if meant is OptOut.DOUBT:
        hold(_spellings(inbound, known), text=inbound.text, now=now)
    if meant is not OptOut.ASKED:
        return False
    # WhatsApp writes some numbers otherwise than people do (+521… in Mexico): both spellings get nothing more.
    for phone in _spellings(inbound, known):
        suppress(phone, source=Suppression.Source.REPLY, reason=inbound.text.strip()[:200], now=now)
    return True


def _spellings(inbound: Inbound, known: Phone | InvalidPhone) -> set[str]:
    return {inbound.phone, known.e164 if isinstance(known, Phone) else inbound.phone}
