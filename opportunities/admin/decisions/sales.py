"""The pages that ask before a sale is corrected or annulled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.amount_field import AmountField
from opportunities.admin.base import require_supervisor_role
from opportunities.errors import Refused
from opportunities.funnel.sales import as_data
from opportunities.models import Opportunity, Sale
from opportunities.queries.amounts import amount_of
from opportunities.queries.regions import region_of
from opportunities.supervision import sale_corrections


class _AnnulForm(ReasonForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


class _CorrectForm(_AnnulForm):
    product = forms.CharField(label=gettext_lazy("Producto"), max_length=120, required=False)
    reference = forms.CharField(label=gettext_lazy("Referencia"), max_length=80, required=False)


def _correct_form(region: str) -> type[forms.Form]:
    """The form whose amount is read as people of this region write it."""

    class CorrectForm(_CorrectForm):
        field_order = ("amount", "product", "reference", "reason", "version")

        amount = AmountField(region=region, label=gettext_lazy("Monto"), max_length=40)

    return CorrectForm


def correct(request: HttpRequest, row: Opportunity, *, context: Mapping[str, Any]) -> HttpResponse:
    """Another amount, product or reference. The button decides about the sale that its page showed."""
    user = require_supervisor_role(request)

    def run(data: Mapping[str, Any]) -> str:
        told = {name: data[name] for name in ("amount", "product", "reference")}
        sale_corrections.correct(
            row.pk, told, by=user, version=data["version"], reason=data["reason"], now=timezone.now()
        )
        return _("Venta corregida. Lo que decía antes queda en la historia.")

    return confirm_and_run(
        request,
        page=Confirmation(
            title=_("Corregir la venta"),
            question=_("Sigue siendo de quien la hizo y de su fecha. Lo que decía antes queda en la historia."),
            button=_("Corregir la venta"),
            facts=_facts(row),
        ),
        run=run,
        refusals=Refused,
        form_class=_correct_form(region_of(row.owner)),
        initial={"version": row.version, **_now(row)},
        back=reverse("admin:opportunities_opportunity_change", args=[row.pk]),
        context={**context, "original": row},
    )


def annul(request: HttpRequest, row: Opportunity, *, context: Mapping[str, Any]) -> HttpResponse:
    """There was no sale: the opportunity goes to the inbox."""
    user = require_supervisor_role(request)

    def run(data: Mapping[str, Any]) -> str:
        sale_corrections.annul(row.pk, by=user, version=data["version"], reason=data["reason"], now=timezone.now())
        return _("Venta anulada. La oportunidad espera tu decisión en la bandeja.")

    return confirm_and_run(
        request,
        page=Confirmation(
            title=_("Anular la venta"),
            question=_("Deja de contar como venta y la oportunidad vuelve a la bandeja, a nombre de quien la hizo."),
            button=_("Anular la venta"),
            facts=_facts(row),
            warning=_("No se puede deshacer: si la venta existe, corrígela."),
            tone="danger",
        ),
        run=run,
        refusals=Refused,
        form_class=_AnnulForm,
        initial={"version": row.version},
        back=reverse("admin:opportunities_opportunity_change", args=[row.pk]),
        context={**context, "original": row},
    )


def _now(row: Opportunity) -> dict[str, str]:
    sale = Sale.objects.filter(opportunity=row).first()
    return as_data(sale) if sale is not None else {}


def _shown(row: Opportunity) -> str:
    return amount_of(Sale.objects.filter(opportunity=row).select_related("promoter__desk__calendar").first())


def _facts(row: Opportunity) -> list[tuple[str, object]]:
    facts = [(_("Cliente"), str(row.client)), (_("Promotor"), str(row.owner)), (_("Monto"), _shown(row))]
    return [(label, value) for label, value in facts if value]
