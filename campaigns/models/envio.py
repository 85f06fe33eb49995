"""One message to one person, and the history of what moved it outside the normal course."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.enums import Ack, AutomaticKind, EnvioState, Evidence
from campaigns.models.campaign import Campaign
from campaigns.models.lane import Lane
from campaigns.querysets import EnvioQuerySet
from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession

# How often the gateway may be asked to take what a person wrote. Campaigns have their own number.
REPLY_ATTEMPTS = 3
# One that could not go out for so long would answer another conversation.
REPLY_KEEPS = dt.timedelta(hours=1)


class Envio(models.Model):
    """`state` is written by `campaigns.envio_states` alone; the text is frozen when the row is made.

    Of a campaign; or an answer in a conversation, that of its line and its number: written by a person, or by a rule.
    """

    campaign = models.ForeignKey(
        Campaign,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="envios",
        verbose_name=_("campaña"),
        db_index=False,
    )
    # Who wrote it as an answer, and the key by which the same press is the same reply; empty in a campaign's.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("escribió"),
        editable=False,
        db_index=False,
    )
    written_key = IdentifierField(_("clave"), max_length=100, null=True, blank=True, editable=False)
    # What a line answered by itself: by which kind of rule. Empty in what a campaign or a person says, and in the database
    # by itself: while machines are upgraded one by one, the version before knows nothing of it.
    automatic = models.CharField(
        _("automática"), max_length=16, choices=AutomaticKind, blank=True, default="", db_default="", editable=False
    )
    session = models.ForeignKey(
        WhatsAppSession, models.PROTECT, related_name="envios", verbose_name=_("sesión"), db_index=False
    )
    phone = models.CharField(_("teléfono"), max_length=20)
    name = models.CharField(_("nombre"), max_length=200, blank=True)
    variables = models.JSONField(_("datos"), default=dict, blank=True)
    text = models.TextField(_("mensaje final"))
    # The person already got a message through this session: a refusal of first contacts does not concern them.
    warm = models.BooleanField(_("contacto conocido"), default=False)

    state = models.CharField(_("estado"), max_length=16, choices=EnvioState, default=EnvioState.PENDING)
    next_due = models.DateTimeField(_("no antes de"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    # Ours, fixed here and never made again: the gateway may recognise a repeat by it.
    client_message_id = models.UUIDField(_("id propio"), default=uuid.uuid4, unique=True, editable=False)
    message_id = IdentifierField(_("id del gateway"), max_length=160, null=True, blank=True)

    # The claim that holds the row while it is being sent.
    lane = models.OneToOneField(
        Lane, models.PROTECT, null=True, blank=True, related_name="envio", editable=False, verbose_name=_("carril")
    )
    token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Committed just before the socket opens: from here on nobody may say "it did not go out".
    dispatched_at = models.DateTimeField(_("salió hacia el gateway"), null=True, blank=True, editable=False)

    sent_at = models.DateTimeField(_("enviado"), null=True, blank=True)
    ack = models.PositiveSmallIntegerField(_("acuse"), choices=Ack, default=Ack.NONE)
    server_at = models.DateTimeField(_("en el servidor"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("entregado"), null=True, blank=True)
    read_at = models.DateTimeField(_("leído"), null=True, blank=True)
    ended_at = models.DateTimeField(_("terminó"), null=True, blank=True)
    error_code = models.CharField(_("código de error"), max_length=64, blank=True)
    error_text = models.CharField(_("error"), max_length=300, blank=True)
    # Look-ups of an uncertain one: how many were made and when the next is due.
    lookups = models.PositiveSmallIntegerField(default=0, editable=False)
    lookup_due = models.DateTimeField(null=True, blank=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decidió")
    )
    settled_reason = models.CharField(_("motivo"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("creado"), default=timezone.now)

    objects = EnvioQuerySet.as_manager()

    class Meta:
        verbose_name = _("envío")
        verbose_name_plural = _("envíos")
        ordering = ["id"]
        permissions = [("decide_envio", "Can decide uncertain messages and mark them as sent by hand")]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "phone"], name="envio_once_per_campaign"),
            models.UniqueConstraint(fields=["session", "message_id"], name="envio_message_id_once"),
            models.UniqueConstraint(fields=["author", "written_key"], name="envio_written_once"),
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, author__isnull=True, written_key__isnull=True, automatic="")
                | Q(campaign__isnull=True, author__isnull=False, written_key__isnull=False, automatic="")
                | Q(
                    campaign__isnull=True,
                    author__isnull=True,
                    written_key__isnull=True,
                    automatic__in=AutomaticKind.values,
                ),
                name="envio_has_one_origin",
            ),
            models.CheckConstraint(condition=Q(state__in=EnvioState.values), name="envio_state_known"),
            models.CheckConstraint(condition=Q(ack__in=Ack.values), name="envio_ack_known"),
            # A phantom is unrepresentable.
            models.CheckConstraint(
                condition=~Q(state=EnvioState.SENT)
                | (Q(message_id__isnull=False, sent_at__isnull=False) & ~Q(message_id="")),
                name="envio_sent_has_proof",
            ),
            models.CheckConstraint(
                condition=~Q(state=EnvioState.SENDING)
                | Q(token__isnull=False, lease_until__isnull=False, lane__isnull=False),
                name="envio_sending_is_held",
            ),
            models.CheckConstraint(
                condition=Q(state=EnvioState.SENDING) | Q(lane__isnull=True), name="envio_lane_only_in_flight"
            ),
            models.CheckConstraint(
                condition=Q(ack=Ack.NONE) | Q(message_id__isnull=False), name="envio_ack_has_message"
            ),
            models.CheckConstraint(
                condition=~Q(state=EnvioState.SENT_BY_HAND) | (Q(settled_by__isnull=False) & ~Q(settled_reason="")),
                name="envio_by_hand_has_author",
            ),
        ]
        indexes = [
            # Readers: claim takes the first due one of a campaign; with no campaign, what people wrote themselves.
            models.Index(fields=["campaign", "state", "next_due", "id"], name="envio_claim"),
            # Reader: claim while first contacts are refused.
            models.Index(fields=["campaign", "state", "warm", "next_due", "id"], name="envio_claim_warm"),
            # Reader: look-ups of uncertain ones.
            models.Index(fields=["state", "lookup_due", "id"], name="envio_lookup"),
            # Reader: live progress and counters.
            models.Index(fields=["campaign", "state", "ack"], name="envio_progress"),
            # Reader: opt-outs reach what is pending for a number; a promoter looks a person up.
            models.Index(fields=["phone", "state"], name="envio_phone"),
            # Reader: statistics and diagnosis ask by when it went out, or ended otherwise, and count from these alone.
            models.Index(fields=["sent_at", "state", "campaign", "session", "ack"], name="envio_sent"),
            models.Index(fields=["ended_at", "state", "campaign", "session"], name="envio_ended"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_reply(self) -> bool:
        return self.campaign_id is None

    @property
    def max_attempts(self) -> int:
        return REPLY_ATTEMPTS if self.campaign is None else self.campaign.max_attempts

    @property
    def title(self) -> str:
        """Whose words they are: the campaign's, the person's who wrote them, or the line's own."""
        if self.automatic:
            return str(_("Respuesta automática"))
        return str(self.author if self.campaign is None else self.campaign)


class UncertainEnvio(Envio):
    """The same rows under another name: the list of what waits for somebody's decision. Carries no permission."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("envío incierto")
        verbose_name_plural = _("inciertos")


class EnvioEvent(models.Model):
    """What moved an envío other than a plain send: evidence, people, expiry. Append-only."""

    envio = models.ForeignKey(Envio, models.CASCADE, related_name="events", verbose_name=_("envío"))
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    evidence = models.CharField(_("por"), max_length=20, choices=Evidence)
    from_state = models.CharField(_("de"), max_length=16, choices=EnvioState)
    to_state = models.CharField(_("a"), max_length=16, choices=EnvioState)
    reason = models.CharField(_("motivo"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("cambio de envío")
        verbose_name_plural = _("historial de envíos")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
