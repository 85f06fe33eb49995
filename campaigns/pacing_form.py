"""The pacing as people type it, on the supervisors' pages and on the promoters'."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from campaigns.models.campaign import LONGEST_PAUSE, MOST_IN_A_BURST
from campaigns.pacing import Pacing


class PacingForm(forms.Form):
    """Carries the version that it was opened with, so that nobody changes a pacing that they did not see."""

    delay_min = forms.IntegerField(label=_("Pausa mínima entre mensajes (s)"), min_value=0, max_value=LONGEST_PAUSE)
    delay_max = forms.IntegerField(label=_("Pausa máxima entre mensajes (s)"), min_value=0, max_value=LONGEST_PAUSE)
    burst_size = forms.IntegerField(
        label=_("Mensajes por ráfaga"), min_value=0, max_value=MOST_IN_A_BURST, help_text=_("0: sin ráfagas.")
    )
    burst_pause = forms.IntegerField(label=_("Pausa entre ráfagas (s)"), min_value=0, max_value=LONGEST_PAUSE)
    reason = forms.CharField(
        label=_("Motivo"),
        max_length=300,
        error_messages={"required": _("Escribe por qué cambia el ritmo: queda en el historial.")},
    )
    version = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        shortest, longest = data.get("delay_min"), data.get("delay_max")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("delay_max", _("La pausa máxima es más corta que la mínima."))
        return data


def initial(campaign: Campaign) -> dict[str, Any]:
    """What the form shows first: the pacing as it is."""
    pacing = Pacing.of(campaign)
    return {**dataclasses.asdict(pacing), "version": pacing.version}


def pacing_of(data: Mapping[str, Any]) -> Pacing:
    """What was typed."""
    return Pacing(**{field.name: data[field.name] for field in dataclasses.fields(Pacing)})
