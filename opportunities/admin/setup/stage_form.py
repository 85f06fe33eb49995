"""What may be written on a stage: its clock, what it demands, its words, and where it leads."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.admin.widgets import ChecksWidget, TextareaWidget
from opportunities.admin.setup.seen_form import SeenForm
from opportunities.funnel import stage_rules
from opportunities.funnel.labels import label_of
from opportunities.models import Stage, StageRoute

if TYPE_CHECKING:
    StagesChoice = forms.ModelMultipleChoiceField[Stage]
else:
    StagesChoice = forms.ModelMultipleChoiceField

# What a sale is made of has names of its own in the tables.
_KNOWN = ("amount", "product", "reference")
_NAME = re.compile(r"[^\W_][\w ]*")
_LONGEST_NAME = 40
_MOST_NAMES = 10


class ColourWidget(forms.TextInput):
    """The browser's own choice of colours."""

    input_type = "color"


class NamesField(forms.CharField):
    """Names of data, one per line, as people write them; `amount`, `product`, `reference` under their own words."""

    widget = TextareaWidget({"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(label_of(str(name)) for name in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [" ".join(line.split()) for line in str(value or "").splitlines()]
        words = {label_of(name).casefold(): name for name in _KNOWN}
        names = []
        for line in filter(None, lines):
            if len(line) > _LONGEST_NAME or not _NAME.fullmatch(line):
                raise forms.ValidationError(
                    _("“%(name)s” no sirve como dato: usa letras y números, hasta %(most)d caracteres."),
                    params={"name": line[:_LONGEST_NAME], "most": _LONGEST_NAME},
                )
            names.append(words.get(line.casefold(), line.lower().replace(" ", "_")))
        if len(names) > _MOST_NAMES:
            raise forms.ValidationError(_("Son demasiados datos para una etapa."))
        return list(dict.fromkeys(names))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


class _StagesField(StagesChoice):
    widget = ChecksWidget


class StageForm(SeenForm[Stage]):
    """`write` saves the stage and its routes. The type is chosen once: what went through a stage keeps its meaning."""

    required_fields = NamesField(
        label=gettext_lazy("Datos obligatorios"),
        required=False,
        help_text=gettext_lazy("Uno por línea: lo que hay que cargar para entrar a la etapa. Por ejemplo: Monto."),
    )
    leads_to = _StagesField(
        label=gettext_lazy("Desde aquí se puede pasar a"), queryset=Stage.objects.none(), required=False
    )
    with_reason = _StagesField(label=gettext_lazy("Y pide motivo"), queryset=Stage.objects.none(), required=False)

    class Meta:
        model = Stage
        fields = [
            "name",
            "type",
            "order",
            "colour",
            "active",
            "timer_minutes",
            "hold_minutes",
            "exit_to",
            "cooldown_days",
            "message_template",
            "required_fields",
        ]
        widgets = {"message_template": TextareaWidget({"rows": 3}), "colour": ColourWidget}
        help_texts = {
            "timer_minutes": gettext_lazy("Vacío: sin plazo. Cuenta solo el horario de atención: 60 es una hora."),
            "message_template": gettext_lazy(
                "Lo que se escribe al tocar el botón de WhatsApp. {nombre} es el cliente y {promotor} quien escribe."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Stage.objects.exclude(pk=self.instance.pk)
        for name in ("leads_to", "with_reason"):
            field = self.fields.get(name)
            if isinstance(field, forms.ModelMultipleChoiceField):
                field.queryset = others
        if self.instance.pk:
            routes = list(self.instance.routes_out.all())
            self.initial["leads_to"] = [route.to_stage_id for route in routes]
            self.initial["with_reason"] = [route.to_stage_id for route in routes if route.needs_reason]
            if "type" in self.fields:
                self.fields["type"].disabled = True

    def clean_message_template(self) -> str:
        text = str(self.cleaned_data["message_template"]).strip()
        stage_rules.check_message(text)
        return text

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        targets = set(data.get("leads_to") or [])
        stray = [stage for stage in data.get("with_reason") or [] if stage not in targets]
        if stray:
            sentence = _("Para pedir motivo al pasar a “%(stage)s”, permite también ese paso.")
            self.add_error("with_reason", sentence % {"stage": stray[0]})
        if targets:
            self._check("leads_to", functools.partial(stage_rules.check_leads_on, str(data.get("type"))))
        active = bool(data.get("active"))
        self._check("active", functools.partial(stage_rules.check_beginning, self.instance, active=active))
        return data

    def _check(self, field: str, rule: Callable[[], None]) -> None:
        try:
            rule()
        except forms.ValidationError as refusal:
            self.add_error(field, refusal)

    def write(self) -> None:
        """Doing it again changes nothing: the transaction around it may be tried twice."""
        with transaction.atomic():
            new = self.instance.pk is None
            # The timer is written by whoever moves the clocks with it.
            self.save_changed(apart=frozenset({"timer_minutes"}))
            if not new and not {"leads_to", "with_reason"}.intersection(self.changed_data):
                return
            targets = {stage.pk for stage in self.cleaned_data["leads_to"]}
            strict = {stage.pk for stage in self.cleaned_data["with_reason"]}
            StageRoute.objects.filter(from_stage=self.instance).exclude(to_stage__in=targets).delete()
            for pk in sorted(targets):
                StageRoute.objects.update_or_create(
                    from_stage=self.instance, to_stage_id=pk, defaults={"needs_reason": pk in strict}
                )
