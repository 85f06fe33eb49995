"""Every state and kind of the desk, with its named groups."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class OpportunityState(models.TextChoices):
    ACTIVE = "activa", _("Activa")
    EXIT = "salida", _("En la bandeja")
    POOL = "pool", _("En el pool")
    WON = "ganada", _("Ganada")
    LOST = "perdida", _("Perdida")


# A client has at most one of these.
OPEN = (OpportunityState.ACTIVE, OpportunityState.EXIT, OpportunityState.POOL)
CLOSED = (OpportunityState.WON, OpportunityState.LOST)
# Somebody's: these count for the lot and against capacity.
OWNED = (OpportunityState.ACTIVE, OpportunityState.EXIT)


class StageType(models.TextChoices):
    INITIAL = "inicial", _("Inicial")
    PROGRESS = "avance", _("Avance")
    EXIT = "salida", _("Salida")
    SALE = "venta", _("Venta")
    LOST = "perdida", _("Pérdida")


WORKING = (StageType.INITIAL, StageType.PROGRESS)


class ExitTo(models.TextChoices):
    """Where an exit stage sends the opportunity."""

    INBOX = "bandeja", _("A la bandeja del supervisor")
    POOL = "pool", _("Directo al pool")


class Origin(models.TextChoices):
    DRAW = "asignacion", _("Asignación")
    CAPTURE = "captacion", _("Captación")


class EventKind(models.TextChoices):
    """What a history line tells."""

    ASSIGNED = "asignada", _("Asignada")
    CAPTURED = "captada", _("Captada")
    MOVED = "etapa", _("Cambio de etapa")
    EXITED = "salida", _("Salida")
    EXPIRED = "vencida", _("Venció el plazo")
    REASSIGNED = "reasignada", _("Reasignada")
    POOLED = "al_pool", _("Devuelta al pool")
    RETURNED = "devuelta", _("Devuelta a su promotor")
    SOLD = "venta", _("Venta")
    CORRECTED = "venta_corregida", _("Venta corregida")
    ANNULLED = "venta_anulada", _("Venta anulada")
    CLOSED = "cerrada", _("Cerrada")
    EXTENDED = "prorroga", _("Prórroga")
    RETIMED = "plazo", _("Cambio de plazo")
    NOTE = "nota", _("Nota")
    UNDONE = "deshecha", _("Deshecho")
    RECONCILED = "conciliacion", _("Conciliación")
    ORPHANED = "sin_promotor", _("Quedó sin promotor")


class QuotaKind(models.TextChoices):
    """Why a quota line was written. Amounts are signed: what they add to `used`, or to `limit` for the last."""

    GRANT = "asignacion", _("Asignación")
    REFUND = "devolucion", _("No había más para asignar")
    REASSIGNED_IN = "reasignacion", _("Reasignación recibida")
    UNDO = "deshacer", _("Se deshizo una reasignación")
    LIMIT = "limite", _("Cambio del límite del día")


class ContactChannel(models.TextChoices):
    """How somebody tried to reach a client."""

    CALL = "llamada", _("Llamada")
    CHAT = "whatsapp", _("WhatsApp")


class ContactOutcome(models.TextChoices):
    """What came of it. Nobody has told yet: PENDING, which is no outcome."""

    PENDING = "sin_resultado", _("Sin resultado")
    ANSWERED = "atendio", _("Atendió")
    NO_ANSWER = "no_atendio", _("No atendió")
    BUSY = "ocupado", _("Ocupado")
    WRONG_NUMBER = "equivocado", _("Número equivocado")
    CALL_BACK = "volver_a_llamar", _("Volver a llamar")
    WRITTEN = "escrito", _("Le escribí")


# The client was there.
REACHED = (ContactOutcome.ANSWERED, ContactOutcome.CALL_BACK)

# What may come of each, the likeliest first.
OUTCOMES = {
    ContactChannel.CALL: (
        ContactOutcome.ANSWERED,
        ContactOutcome.NO_ANSWER,
        ContactOutcome.BUSY,
        ContactOutcome.WRONG_NUMBER,
        ContactOutcome.CALL_BACK,
    ),
    ContactChannel.CHAT: (
        ContactOutcome.WRITTEN,
        ContactOutcome.ANSWERED,
        ContactOutcome.NO_ANSWER,
        ContactOutcome.WRONG_NUMBER,
        ContactOutcome.CALL_BACK,
    ),
}


class ReminderState(models.TextChoices):
    PENDING = "pendiente", _("Pendiente")
    DONE = "hecho", _("Hecho")
    CANCELLED = "cancelado", _("Cancelado")
    # Its opportunity went to the pool or the inbox, or ended.
    ENDED = "terminado", _("Terminó con su oportunidad")


class AbsencePolicy(models.TextChoices):
    PAUSE = "pausar", _("Sus plazos se detienen")
    REDISTRIBUTE = "redistribuir", _("Su trabajo vuelve al pool")


class RetimingKind(models.TextChoices):
    CALENDAR = "horario", _("Cambio de horario")
    DESK = "mesa", _("Otro horario para la mesa")
    STAGE = "etapa", _("Cambio de plazo")


class Concern(models.TextChoices):
    """What speaks against giving an opportunity to somebody, and forbids nothing."""

    FORMER = "anterior", _("Vuelve a quien la dejó")
    COUNTRY = "otro_pais", _("Es de un equipo de otro país")
    COOL_DOWN = "descanso", _("Su descanso con ese promotor no terminó")


class Measure(models.TextChoices):
    """What results count. Each line of a day's sums is one of these."""

    HISTORY = "historia", _("Paso de la historia")
    STAGE = "etapa", _("Entrada a una etapa")
    SALE = "venta", _("Venta")
    CONTACT = "contacto", _("Contacto")
    REPLY = "respuesta", _("Respuesta recibida")
    ANSWER = "contestacion", _("Contestación a un cliente")
    OPT_OUT = "baja", _("Baja")
