"""A sale: one per opportunity, ever."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from opportunities.models.opportunity import Opportunity
from opportunities.models.promoter import Promoter


class Sale(models.Model):
    """What was sold, by whom, when. The opportunity's uniqueness is the database's."""

    opportunity = models.OneToOneField(Opportunity, models.PROTECT, related_name="sale", verbose_name=_("oportunidad"))
    promoter = models.ForeignKey(Promoter, models.PROTECT, related_name="sales", verbose_name=_("promotor"))
    amount = models.DecimalField(_("monto"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    product = models.CharField(_("producto"), max_length=120, blank=True)
    reference = models.CharField(_("referencia"), max_length=80, blank=True)
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("cargada por"))

    class Meta:
        verbose_name = _("venta")
        verbose_name_plural = _("ventas")
        ordering = ["-id"]
        # Reader: the sales of a day.
        indexes = [models.Index(fields=["at"], name="sale_at")]
        constraints = [models.CheckConstraint(condition=models.Q(amount__gte=0), name="sale_amount_not_negative")]

    def __str__(self) -> str:
        return f"{self.amount}"
