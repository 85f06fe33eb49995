"""Every state and code of the sender, with its named groups. No state literal stands anywhere else."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CampaignState(models.TextChoices):
    DRAFT = "borrador", _("Borrador")
    AWAITING_APPROVAL = "por_aprobar", _("Por aprobar")
    APPROVED = "aprobada", _("Aprobada")
    RUNNING = "en_progreso", _("En progreso")
    PAUSED = "pausada", _("Pausada")
    FINISHED = "finalizada", _("Finalizada")
    CANCELLED = "cancelada", _("Cancelada")


CAMPAIGN_UNAPPROVED = (CampaignState.DRAFT, CampaignState.AWAITING_APPROVAL)
CAMPAIGN_ENDED = (CampaignState.FINISHED, CampaignState.CANCELLED)


class EnvioState(models.TextChoices):
    PENDING = "pendiente", _("Pendiente")
    SENDING = "enviando", _("Enviando")
    SENT = "enviado", _("Enviado")
    ERROR = "error", _("Error")
    UNCERTAIN = "incierto", _("Incierto")
    CANCELLED = "cancelado", _("Cancelado")
    SENT_BY_HAND = "enviado_manual", _("Enviado a mano")
    # Another system says that it sent it, and nobody can prove it: no id, no acknowledgement.
    HISTORICAL = "historico", _("Histórico, sin prueba")


# Work that is not over: a campaign with any of these is not finished.
ENVIO_OPEN = (EnvioState.PENDING, EnvioState.SENDING, EnvioState.UNCERTAIN)
ENVIO_TERMINAL = (
    EnvioState.SENT,
    EnvioState.ERROR,
    EnvioState.CANCELLED,
    EnvioState.SENT_BY_HAND,
    EnvioState.HISTORICAL,
)


class Ack(models.IntegerChoices):
    """How far a sent message got. Only ever grows."""

    NONE = 0, _("Sin acuse")
    SERVER = 1, _("En el servidor")
    DELIVERED = 2, _("Entregado")
    READ = 3, _("Leído")


class ScheduleState(models.TextChoices):
    PENDING = "pendiente", _("Por aprobar")
    APPROVED = "aprobada", _("Aprobada")
    REJECTED = "rechazada", _("Rechazada")


class AttemptOutcome(models.TextChoices):
    """How one try ended, as the attempts log tells it."""

    OPEN = "abierto", _("En curso")
    SENT = "enviado", _("Enviado")
    REFUSED = "rechazado", _("Rechazado")
    NOT_SENT = "no_enviado", _("No salió")
    UNKNOWN = "desconocido", _("Sin certeza")
    WITHDRAWN = "retirado", _("Retirado antes de salir")


class WhyNot(models.TextChoices):
    """The binding reason for which nothing goes out now."""

    SWITCHED_OFF = "interruptor", _("Los envíos automáticos están apagados")
    JOURNAL = "diario", _("No se puede escribir el diario de envíos: revisa las alertas")
    NOT_RUNNING = "estado", _("La campaña no está en marcha")
    NO_SCHEDULE = "sin_programacion", _("Ninguna programación aprobada")
    WINDOW = "ventana", _("Fuera de la ventana de envío")
    HOLIDAY = "feriado", _("Hoy es feriado y la campaña no envía")
    DAILY_CAP = "cupo", _("Se alcanzó el cupo diario de la programación")
    SESSION_LIMIT = "limite", _("Se alcanzó el límite diario de la sesión")
    WARM_UP = "calentamiento", _("La línea está tomando ritmo y alcanzó su límite de hoy")
    SESSION = "sesion", _("La sesión de WhatsApp no está lista")
    SESSION_PAUSED = "sesion_en_pausa", _("La sesión espera la decisión de una persona")
    SESSION_BLOCKED = "sesion_frenada", _("El gateway pidió una pausa")
    ERROR_RATE = "errores", _("La frenaron sus errores y espera a un supervisor")
    OPT_OUTS = "bajas", _("La frenaron las bajas que le pidieron y espera a un supervisor")
    TEMPLATE = "plantilla", _("Meta no acepta su plantilla y espera a un supervisor")
    SELLERS = "vendedores", _("Espera a que contesten a quienes ya respondieron")
    CANARY = "primeros", _("Espera que sus primeros mensajes lleguen al servidor")
    HALF_DEAF = "sin_acuses", _("La línea no confirma lo que envía")
    COLD = "contactos_nuevos", _("WhatsApp no acepta contactos nuevos por ahora")
    SUPPRESSED = "exclusion", _("El número pidió no recibir mensajes")
    DOUBT = "duda", _("Quizás pidió la baja: falta que una persona lo decida")
    RESTING = "descanso", _("Recibió otra campaña hace poco: espera su descanso")
    BACK_OFF = "reintento", _("Espera su próximo intento")
    PACING = "ritmo", _("Espera su turno")
    IN_FLIGHT = "en_vuelo", _("Se está enviando")
    NOTHING_DUE = "sin_pendientes", _("No hay envíos pendientes")
    UNCERTAIN = "incierto", _("Nadie sabe si salió: espera una respuesta o la decisión de una persona")
    DONE = "terminado", _("Ya no hay nada que enviar")


class BrakeKind(models.TextChoices):
    """What can take hold of a campaign by itself. One class of `campaigns.brakes` each."""

    ERROR_RATE = "errores", _("Demasiados errores")
    CANARY = "primeros", _("Primeros mensajes sin llegar")
    TEMPLATE = "plantilla", _("Meta no acepta su plantilla")
    OPT_OUTS = "bajas", _("Demasiadas bajas")
    SELLERS = "vendedores", _("Demasiadas respuestas sin contestar")


class Evidence(models.TextChoices):
    """What moved an envío outside the normal course."""

    PERSON = "persona", _("Decisión de una persona")
    CALLBACK = "aviso", _("Aviso del gateway")
    LOOKUP = "consulta", _("Consulta al gateway")
    LATE_ANSWER = "respuesta_tardia", _("Respuesta tardía del gateway")
    LEASE = "plazo", _("Venció el plazo del intento")
    CAMPAIGN = "campania", _("Cambio en la campaña")
    OPT_OUT = "baja", _("El número pidió no recibir mensajes")
    WITHDRAWN = "retirado", _("El cliente cambió de manos")
    RESTORE = "restauracion", _("La base volvió de un respaldo")
    RECONCILED = "conciliacion", _("Lo encontró una conciliación")
    IMPORTED = "importacion", _("Vino del sistema anterior")
    ERASED = "borrado", _("Se borraron los datos de la persona")
    TOO_LATE = "tarde", _("No salió a tiempo")
    AUTHOR = "autor", _("Quien lo escribió ya no entra")


class ConversationState(models.TextChoices):
    """Whether a person waits for us. What was put off waits again from its hour on, whether or not anything ran."""

    WAITING = "por_atender", _("Por atender")
    SNOOZED = "pospuesta", _("Pospuesta")
    HANDLED = "atendida", _("Atendida")


CONVERSATION_OPEN = (ConversationState.WAITING, ConversationState.SNOOZED)


class ConversationEventKind(models.TextChoices):
    """What people decide about a conversation besides attending to it."""

    GIVEN = "asignada", _("Asignada")
    LEFT = "liberada", _("De nadie en particular")
    CAPTURED = "oportunidad", _("Se hizo una oportunidad")
    NOT_INTERESTED = "sin_interes", _("No le interesa")
    EXCLUDED = "excluida", _("Excluida: no se le escribe más")


class MessageKind(models.TextChoices):
    """What a person sent us. What is no text is named, with the words that came with it."""

    TEXT = "texto", _("Texto")
    IMAGE = "imagen", _("Imagen")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Audio")
    DOCUMENT = "documento", _("Documento")
    STICKER = "sticker", _("Sticker")
    LOCATION = "ubicacion", _("Ubicación")
    CONTACT = "contacto", _("Contacto")
    OTHER = "otro", _("Otro contenido")


class AutomaticKind(models.TextChoices):
    """When a line answers by itself. One class of `campaigns.automatic` each."""

    KEYWORD = "palabra", _("Cuando escriben una palabra clave")
    OUT_OF_HOURS = "fuera_de_hora", _("Fuera del horario del equipo")
    FIRST_ANSWER = "primera", _("La primera vez que escriben")
    OPT_OUT = "baja", _("Cuando piden la baja, para confirmarla")


class HeldBack(models.TextChoices):
    """Why a line did not answer by itself although a rule was there."""

    MACHINE = "maquina", _("Lo que llegó parece de otra máquina")
    NO_ROOM = "sin_lugar", _("La línea contestó mucho en esta hora")
