"""Why messages of a campaign ended in error, counted by their code, each with what to do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Campaign, Envio

# Asking again changes nothing: the number, the message or a person said so.
FINAL: Final = frozenset({"NOT_ON_WHATSAPP", "DECIDED", "TEMPLATE", "TEMPLATE_DATA"})
_ADVICE: Final[Mapping[str, Promise]] = {
    "NOT_ON_WHATSAPP": gettext_lazy("Ese número no tiene WhatsApp: corrígelo en tu lista y escríbele en otra campaña."),
    "FIRST_CONTACT_REFUSED": gettext_lazy("WhatsApp no dejó escribir a contactos nuevos: espera a mañana y reintenta."),
    "TEMPLATE": gettext_lazy("Meta no acepta la plantilla: corrígela en Meta y repite la campaña con los que faltan."),
    "TEMPLATE_DATA": gettext_lazy("A la plantilla le falta un dato de esas personas: complétalo y repite la campaña."),
    "DECIDED": gettext_lazy("Una persona decidió que no llegó y que quedara así."),
    "MAX_ATTEMPTS": gettext_lazy("Se agotaron sus intentos: mira si la línea estaba conectada y reintenta."),
    "SESSION_NOT_READY": gettext_lazy("La línea no estaba conectada: vincúlala y reintenta."),
    "UNREACHABLE": gettext_lazy("No se llegó al gateway: revisa que esté encendido y reintenta."),
    "LATE_REFUSAL": gettext_lazy("WhatsApp lo aceptó y después lo rechazó: no se reintenta, porque salió."),
}
_OTHERWISE: Final = gettext_lazy("Abre uno de ellos para ver sus intentos antes de reintentar.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reason:
    """`text` is what the gateway said of one of them; `retriable` are those that provably did not leave."""

    code: str
    text: str
    number: int
    retriable: int
    advice: str


def reasons(campaign: Campaign) -> list[Reason]:
    """The most frequent first. Two queries over the campaign's errors, and one for each code's words."""
    errors = Envio.objects.filter(campaign=campaign, state=EnvioState.ERROR).order_by()
    counted = list(errors.values_list("error_code").annotate(n=Count("pk")))
    unsent = dict(retriable(errors).values_list("error_code").annotate(n=Count("pk")))
    found = [
        Reason(
            code=code,
            text=str(errors.filter(error_code=code).values_list("error_text", flat=True).first() or ""),
            number=number,
            retriable=unsent.get(code, 0),
            advice=str(_ADVICE.get(code, _OTHERWISE)),
        )
        for code, number in counted
    ]
    return sorted(found, key=lambda one: (-one.number, one.code))


def retriable(errors: QuerySet[Envio]) -> QuerySet[Envio]:
    """Those of these errors that provably did not leave, and whom another try can help.

    No id of the gateway, and not one attempt that was sent, open or in doubt: each was refused, or reached nobody.
    """
    may_have_left = Attempt.objects.filter(
        envio=OuterRef("pk"), outcome__in=(AttemptOutcome.SENT, AttemptOutcome.UNKNOWN, AttemptOutcome.OPEN)
    )
    proven = Q(message_id__isnull=True) & ~Exists(may_have_left)
    tried = Exists(Attempt.objects.filter(envio=OuterRef("pk")))
    return errors.filter(proven, tried).exclude(error_code__in=FINAL)


def name_of(code: str) -> str:
    return code or _("Sin código")
