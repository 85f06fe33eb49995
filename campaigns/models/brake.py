"""What took hold of a campaign by itself, and who let go."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import BrakeKind
from campaigns.models.campaign import Campaign


class CampaignBrake(models.Model):
    """One hold of one brake, written by `campaigns.holds` alone. Append-only but for its own end."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="brakes", verbose_name=_("campaña"))
    kind = models.CharField(_("freno"), max_length=16, choices=BrakeKind)
    # The campaign while it holds, NULL afterwards: each kind holds once at a time.
    open_for = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="open_brakes", editable=False)
    at = models.DateTimeField(_("desde"))
    detail = models.CharField(_("por qué"), max_length=300)
    ended_at = models.DateTimeField(_("soltado"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("quién")
    )
    reason = models.CharField(_("motivo"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("freno de campaña")
        verbose_name_plural = _("frenos de campañas")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["open_for", "kind"], name="campaign_brake_open_once"),
            models.CheckConstraint(condition=Q(kind__in=BrakeKind.values), name="campaign_brake_kind_known"),
            models.CheckConstraint(
                condition=Q(open_for__isnull=False, ended_at__isnull=True)
                | Q(open_for__isnull=True, ended_at__isnull=False),
                name="campaign_brake_open_until_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.kind}"


class CampaignCanary(models.Model):
    """The first messages of a campaign that go ahead alone. Written by its launch and by `campaigns.brakes.canary`."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="canary")
    size = models.PositiveSmallIntegerField(_("primeros mensajes"))
    # Grows with each claim while it holds the rest back: whoever counted sees whether somebody claimed since.
    claims = models.PositiveIntegerField(default=0)
    passed_at = models.DateTimeField(_("llegaron"), null=True)

    class Meta:
        verbose_name = _("primeros mensajes de campaña")
        verbose_name_plural = _("primeros mensajes de campañas")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.size}"


class CampaignSellersHold(models.Model):
    """Whether a campaign waits for those who attend to its answers. Written by `campaigns.brakes.sellers` alone.

    The numbers are those of when it took hold.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="sellers_hold")
    held_since = models.DateTimeField(_("espera desde"), null=True)
    waiting = models.PositiveIntegerField(_("sin contestar"), default=0)
    sellers = models.PositiveIntegerField(_("personas"), default=1)
    goes_on_at = models.PositiveIntegerField(_("sigue con"), default=0)
    # A supervisor let it go on until then, however many wait.
    let_go_until = models.DateTimeField(_("soltado hasta"), null=True)

    class Meta:
        verbose_name = _("espera por quienes atienden")
        verbose_name_plural = _("esperas por quienes atienden")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.campaign_id}"
