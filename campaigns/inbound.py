"""What people write to us is kept, and who asks to be left alone is: their number is suppressed everywhere, and what
waits for it is cancelled."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext_lazy

from campaigns import conversation_states
from campaigns.conversation_states import Heard
from campaigns.models import Conversation
from campaigns.opt_ins import ask_back, is_opt_in
from campaigns.opt_out_doubts import hold
from campaigns.opt_outs import OptOut, meaning
from campaigns.suppressions import suppress
from leadmaster.directory.models import ErasedPhone, Suppression, lid_keys, phone_keys
from leadmaster.lib.language import kept
from leadmaster.lib.phones.parsing import Phone, normalise
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import Preference


@dataclasses.dataclass(frozen=True, kw_only=True)
class Received:
    """`asked`: they want to be left alone. `heard` is None for whoever was erased."""

    asked: bool
    heard: Heard | None = None


def receive(inbound: Inbound, *, session: WhatsAppSession, now: dt.datetime) -> Received:
    """Act on what somebody wrote to us, and write it down.

    Whoever is known by a lid alone is heard too, and obeyed as soon as their number is told. Repetition changes nothing.
    """
    phones = _phones(inbound, session)
    if _was_erased(inbound, phones):
        # They get nothing anyway, and nothing of them is written down again.
        return Received(asked=meaning(inbound.text) is OptOut.ASKED)
    asked = _leave_alone(inbound.text, phones, now=now)
    if inbound.lid and phones:
        for words in conversation_states.hidden_words(session, inbound.lid):
            _leave_alone(words, phones, now=now)
    if is_opt_in(inbound.text) and phones:
        ask_back(set(phones), now=now)
    heard = conversation_states.hear(
        inbound, session=session, phone=phones[0] if phones else "", settled=asked, now=now
    )
    if heard.conversation.phone and not phones:
        # Somebody told the number in the same moment.
        asked = _leave_alone(inbound.text, [heard.conversation.phone], now=now)
    return Received(asked=asked, heard=heard)


def prefer(preference: Preference, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """Somebody told WhatsApp itself to stop our messages, or to let them come again: a stop is an opt-out like any
    other, and whoever changes their mind is asked for by a person, as who writes "ALTA" is."""
    phones = spellings_of(preference.phone, session)
    if not preference.wants_messages:
        for phone in phones:
            reason = kept(gettext_lazy("Detuvo los mensajes de marketing en su WhatsApp."))
            suppress(phone, source=Suppression.Source.REPLY, reason=reason, now=now)
    else:
        ask_back(set(phones), now=now)


def _phones(inbound: Inbound, session: WhatsAppSession) -> list[str]:
    """Their number as the directory writes it, then as WhatsApp does (+521… in Mexico). None of a lid that hides it."""
    if inbound.phone:
        return spellings_of(inbound.phone, session)
    before = Conversation.objects.filter(session=session, lid=inbound.lid).values_list("phone", flat=True).first()
    return [before] if before else []


def spellings_of(phone: str, session: WhatsAppSession) -> list[str]:
    """A number that the gateway told, as the directory writes it, and then as it was told."""
    known = normalise(phone, session.region)
    return list(dict.fromkeys([known.e164 if isinstance(known, Phone) else phone, phone]))


def _was_erased(inbound: Inbound, phones: Sequence[str]) -> bool:
    keys = [key for phone in phones for key in phone_keys(phone)]
    if inbound.lid:
        keys += lid_keys(inbound.lid)
    return ErasedPhone.objects.filter(digest__in=keys).exists()


def _leave_alone(text: str, phones: Sequence[str], *, now: dt.datetime) -> bool:
    meant = meaning(text) if phones else OptOut.NO
    if meant is OptOut.DOUBT:
        hold(phones, text=text, now=now)
    if meant is not OptOut.ASKED:
        return False
    for phone in phones:
        suppress(phone, source=Suppression.Source.REPLY, reason=text.strip()[:200], now=now)
    return True
