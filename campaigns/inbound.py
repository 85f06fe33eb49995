"""What people write to us is kept, and who asks to be left alone is: their number is suppressed everywhere, and what
waits for it is cancelled."""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy

from campaigns import conversation_states, envio_states
from campaigns.enums import EnvioState, Evidence
from campaigns.models import Conversation, Envio
from campaigns.opt_ins import OPT_IN, ask_back
from leadmaster.accounts.models import User
from leadmaster.directory import suppression
from leadmaster.directory.models import ErasedPhone, Suppression, lid_keys, phone_keys
from leadmaster.directory.suppression import SuppressionReport
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from leadmaster.lib.phones.parsing import Phone, normalise
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

# The whole message has to be one of these: "no puedo dar de baja el turno" is no opt-out.
OPT_OUT = frozenset(
    {
        "baja",
        "basta",
        "cancelar suscripcion",
        "cancelar subscripcion",
        "dar de baja",
        "dame de baja",
        "darme de baja",
        "denme de baja",
        "descadastrar",
        "desuscribir",
        "desuscribirme",
        "eliminarme",
        "nao quero",
        "no contactar",
        "no me escriban",
        "no me escriban mas",
        "no me escribas mas",
        "no me molesten",
        "no molestar",
        "no quiero mensajes",
        "no quiero recibir mensajes",
        "parar",
        "quiero darme de baja",
        "remove",
        "remover",
        "removerme",
        "sacame de la lista",
        "sair",
        "salir",
        "solicito la baja",
        "stop",
        "unsubscribe",
    }
)
_COURTESY = frozenset({"favor", "gracias", "hola", "pf", "pls", "please", "por", "porfa", "porfavor", "ya"})
_BATCH = 500


def receive(inbound: Inbound, *, session: WhatsAppSession, now: dt.datetime) -> bool:
    """Act on what somebody wrote to us, and write it down. Returns whether they asked to be left alone.

    Whoever is known by a lid alone is heard too, and obeyed as soon as their number is told. Repetition changes nothing.
    """
    phones = _phones(inbound, session)
    if _was_erased(inbound, phones):
        # They get nothing anyway, and nothing of them is written down again.
        return is_opt_out(inbound.text)
    asked = _leave_alone(inbound.text, phones, now=now)
    if inbound.lid and phones:
        for words in conversation_states.hidden_words(session, inbound.lid):
            _leave_alone(words, phones, now=now)
    if is_opt_in(inbound.text) and phones:
        ask_back(set(phones), now=now)
    conversation = conversation_states.hear(
        inbound, session=session, phone=phones[0] if phones else "", settled=asked, now=now
    )
    if conversation.phone and not phones:
        # Somebody told the number in the same moment.
        return _leave_alone(inbound.text, [conversation.phone], now=now)
    return asked


def _phones(inbound: Inbound, session: WhatsAppSession) -> list[str]:
    """Their number as the directory writes it, then as WhatsApp does (+521… in Mexico). None of a lid that hides it."""
    if inbound.phone:
        known = normalise(inbound.phone, session.region)
        return list(dict.fromkeys([known.e164 if isinstance(known, Phone) else inbound.phone, inbound.phone]))
    before = Conversation.objects.filter(session=session, lid=inbound.lid).values_list("phone", flat=True).first()
    return [before] if before else []


def _was_erased(inbound: Inbound, phones: Sequence[str]) -> bool:
    keys = [key for phone in phones for key in phone_keys(phone)]
    if inbound.lid:
        keys += lid_keys(inbound.lid)
    return ErasedPhone.objects.filter(digest__in=keys).exists()


def _leave_alone(text: str, phones: Sequence[str], *, now: dt.datetime) -> bool:
    if not phones or not is_opt_out(text):
        return False
    for phone in phones:
        suppress(phone, source=Suppression.Source.REPLY, reason=text.strip()[:200], now=now)
    return True


def is_opt_out(text: str) -> bool:
    """Whether this is one of the words, whatever its case, accents, punctuation and courtesy around it."""
    return _is_one_of(text, OPT_OUT)


def is_opt_in(text: str) -> bool:
    """The same for whoever wants to hear from us again."""
    return _is_one_of(text, OPT_IN)


def _is_one_of(text: str, phrases: frozenset[str]) -> bool:
    plain = unicodedata.normalize("NFKD", text).casefold()
    words = re.findall(r"[a-z0-9]+", "".join(char for char in plain if not unicodedata.combining(char)))
    return " ".join(words) in phrases or " ".join(word for word in words if word not in _COURTESY) in phrases


def suppress(
    phone: str, *, source: Suppression.Source, now: dt.datetime, reason: str = "", by: User | None = None
) -> tuple[Suppression, int]:
    """Nothing more goes out to this E.164 number, from any session. Returns the row and how many envíos it cancelled.

    The row comes first: whoever claims or sends from then on sees it. Safe to repeat.
    """
    row, _created = Suppression.objects.get_or_create(
        phone=phone, defaults={"source": source, "reason": reason[:200], "created_at": now, "created_by": by}
    )
    return row, _cancel([phone], by=by, now=now)


def suppress_list(
    text: str, *, region: str, reason: str, source: Suppression.Source, by: User | None, now: dt.datetime
) -> tuple[SuppressionReport, int]:
    """The same for every phone of a text, also for those that were suppressed before. Safe to repeat."""
    report = suppression.suppress_list(text, region=region, reason=reason, source=source, by=by, now=now)
    chunks = (report.phones[start : start + _BATCH] for start in range(0, len(report.phones), _BATCH))
    return report, sum(_cancel(chunk, by=by, now=now) for chunk in chunks)


def _cancel(phones: Sequence[str], *, by: User | None, now: dt.datetime) -> int:
    cancelled = 0
    while batch := retrying(functools.partial(_cancel_some, phones, by=by, now=now)):
        cancelled += batch
    return cancelled


@transaction.atomic(durable=True)
def _cancel_some(phones: Sequence[str], *, by: User | None, now: dt.datetime) -> int:
    # Those that somebody holds are being claimed: the sender looks at the suppressions before it opens the socket.
    ids = list(
        Envio.objects.filter(phone__in=phones, state=EnvioState.PENDING)
        .order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)[:_BATCH]
    )
    if not ids:
        return 0
    moved = envio_states.move(*ids, source=EnvioState.PENDING, target=EnvioState.CANCELLED, ended_at=now)
    envio_states.record(
        ids,
        source=EnvioState.PENDING,
        target=EnvioState.CANCELLED,
        evidence=Evidence.OPT_OUT,
        now=now,
        by=by,
        reason=kept(gettext_lazy("El número pidió no recibir mensajes.")),
    )
    return moved
