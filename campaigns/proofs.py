"""What proves that a message went out. The one condition that tells an `enviado` from empty words."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from campaigns.enums import Ack, AttemptOutcome, EnvioState
from campaigns.models import Attempt, EnvioEvent

SENT_BY_ATTEMPT = Attempt.objects.filter(envio=OuterRef("pk"), outcome=AttemptOutcome.SENT).exclude(message_id="")
# Whatever moved a row to `enviado` outside the plain send left its line.
_PROVEN_BY_EVENT = EnvioEvent.objects.filter(envio=OuterRef("pk"), to_state=EnvioState.SENT)


def without_id() -> Q:
    return Q(message_id__isnull=True) | Q(message_id="")


def unproven() -> Q:
    """Of rows that say `enviado`: no id, no time, or nothing that bears the id out (a try, an acknowledgement, a line)."""
    by_attempt = SENT_BY_ATTEMPT.filter(message_id=OuterRef("message_id"))
    nothing = Q(ack=Ack.NONE) & ~Exists(by_attempt) & ~Exists(_PROVEN_BY_EVENT)
    return without_id() | Q(sent_at__isnull=True) | nothing
