"""What may be written on a campaign, while it is a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import official_template
from campaigns.message_editing import edit_message
from campaigns.models import Campaign
from campaigns.rendering import TemplateError
from campaigns.template_checks import check_draft, check_template
from leadmaster.lib.admin.widgets import TextareaWidget

__all__ = ["CampaignForm", "MessageForm", "edit_message"]

if TYPE_CHECKING:
    CampaignModelForm = forms.ModelForm[Campaign]
else:
    CampaignModelForm = forms.ModelForm

_HELP = gettext_lazy(
    "{nombre} pone el nombre de cada persona; las columnas de tu archivo también sirven: {ciudad}, {saldo}. "
    "Lo que escribas después de una barra va cuando falta el dato: {nombre|vecino}. "
    "Entre corchetes, cada persona recibe una de las opciones: [Hola|Buenas]."
)


class MessageWidget(TextareaWidget):
    """A text with the placeholders at hand: one tap puts them where the cursor is."""

    template_name = "widgets/message.html"
    columns: tuple[str, ...] = ()

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        known = dict.fromkeys(["nombre", *self.columns])
        context["widget"]["placeholders"] = [f"{{{column}}}" for column in known]
        return context


class CampaignForm(CampaignModelForm):
    class Meta:
        model = Campaign
        fields = [
            "name",
            "owner",
            "team",
            "session",
            "template",
            "official_name",
            "official_language",
            "official_parameters",
            "delay_min",
            "delay_max",
            "burst_size",
            "burst_pause",
            "person_rest",
            "error_alert",
            "error_pause",
            "opt_out_pause",
            "canary_size",
            "seller_capacity",
            "typing",
            "max_attempts",
            "keeps_off_holidays",
        ]
        widgets = {"template": MessageWidget({"rows": 6}), "official_parameters": TextareaWidget({"rows": 3})}
        help_texts = {"template": _HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "template" in self.fields and isinstance(self.fields["template"].widget, MessageWidget):
            self.fields["template"].widget.columns = tuple(self.instance.columns)

    def clean_template(self) -> str:
        """A draft may name columns that its file has yet to bring; what can only be a mistake is one at once."""
        text: str = self.cleaned_data["template"]
        _checked(lambda: check_draft(text, columns=self.instance.columns))
        return text

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        shortest, longest = data.get("delay_min"), data.get("delay_max")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("delay_max", _("La pausa máxima es más corta que la mínima."))
        written = [data.get(name) or "" for name in ("official_name", "official_language", "official_parameters")]
        for name, problem in official_template.problems(*written, columns=self.instance.columns).items():
            if name in self.fields:
                self.add_error(name, problem)
        session, team = data.get("session"), data.get("team")
        if session and team and session.team_id != team.pk:
            self.add_error("session", _("Esta sesión es de otro equipo: elige una del equipo de la campaña."))
        return data


class MessageForm(forms.Form):
    """The message alone, for a draft whose recipients are already there."""

    template = forms.CharField(
        label=gettext_lazy("Mensaje"),
        widget=MessageWidget({"rows": 6}),
        help_text=_HELP,
        error_messages={"required": gettext_lazy("Escribe el mensaje de la campaña.")},
    )

    def __init__(self, data: Any, *, campaign: Campaign) -> None:
        super().__init__(data, initial={"template": campaign.template})
        self._columns = tuple(campaign.columns)
        widget = self.fields["template"].widget
        if isinstance(widget, MessageWidget):
            widget.columns = self._columns

    def clean_template(self) -> str:
        text: str = self.cleaned_data["template"]
        _checked(lambda: check_template(text, columns=self._columns))
        return text


def _checked(check: Any) -> None:
    try:
        check()
    except TemplateError as error:
        raise forms.ValidationError(str(error)) from error
