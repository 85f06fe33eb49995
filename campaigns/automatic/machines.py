"""Whether what came is another machine's: two that answer each other would never end.

By its words, by how soon it came, and by saying the same again. Whoever is taken for one wrongly waits for a person, as
everybody does without rules.
"""

from __future__ import annotations

import datetime as dt
import re

from campaigns.automatic.keyword import plain
from campaigns.models import Conversation, Envio, Reply

# Nobody reads and types in less; after an answer of a machine's, in less than so long.
_AT_ONCE = dt.timedelta(seconds=3)
_AFTER_AUTOMATIC = dt.timedelta(seconds=10)
# Shorter ones people repeat too.
_LONG = 25
_LOOKED_BACK = 20
_READ = 1_500

_WORDS = re.compile(
    r"\b(?:"
    r"(?:mensaje|respuesta|resposta|mensagem|contestador|atendimento|asistente|assistente) (?:es )?"
    r"(?:automatic[oa]|virtual|generad[oa]|predeterminad[oa])"
    r"|mensaje de (?:bienvenida|ausencia)"
    r"|(?:auto|automatic) ?(?:reply|response|message|responder)"
    r"|out of (?:the )?office"
    r"|no ?reply|no (?:responda|respondas|contestar?|responder) (?:a )?(?:este|esta) (?:mensaje|mensagem|numero)"
    r"|nao responda (?:a )?est[ae]"
    r"|(?:gracias|obrigad[oa]) por (?:comunicarte|comunicarse|contactarnos|contactarte|contactarse|escribirnos|entrar"
    r"|seu contato|escribir a|su mensaje)"
    r"|thank(?:s| you) for (?:contacting|your message|reaching)"
    r"|(?:en este momento|por el momento|ahora) no (?:podemos|puedo) (?:atender|responder)"
    r"|(?:te|le|les) responderemos (?:a la brevedad|en breve|lo antes|cuanto antes)"
    r"|nuestro horario (?:de atencion|es|comercial)|nosso horario"
    r"|(?:marque|marca|presione|presiona|digite|digita|pulse|press|escriba|elija|elige|escolha) (?:la |el |a |o )?"
    r"(?:opcion |opcao |option |numero )?\d"
    r"|(?:soy|sou|i am|i m) (?:el |la |o |a |un |una |um |uma |an? )?(?:bot|chatbot|asistente virtual|assistente virtual)"
    r")\b"
)


def is_one(row: Conversation, reply: Reply) -> bool:
    """Three queries at the most."""
    return sounds_like_one(reply.text) or _too_soon(row, reply) or _again(row, reply)


def sounds_like_one(text: str) -> bool:
    """By its words alone."""
    return _WORDS.search(plain(text[:_READ])) is not None


def _too_soon(row: Conversation, reply: Reply) -> bool:
    """It came before anybody can have read what our line said last."""
    ours = Envio.objects.filter(phone=row.phone or "", session=row.session_id, sent_at__isnull=False)
    last = ours.filter(sent_at__lte=reply.at).order_by("-id").values_list("sent_at", "automatic").first()
    sent_at, automatic = last or (None, "")
    if sent_at is None:
        return False
    return reply.at - sent_at < (_AFTER_AUTOMATIC if automatic else _AT_ONCE)


def _again(row: Conversation, reply: Reply) -> bool:
    """Word by word what it said before."""
    if len(reply.text) < _LONG:
        return False
    before = Reply.objects.filter(row.words(), session=row.session_id).exclude(pk=reply.pk).order_by("-at", "-id")
    return reply.text in list(before.values_list("text", flat=True)[:_LOOKED_BACK])
