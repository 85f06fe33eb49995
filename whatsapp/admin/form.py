"""What may be written on a session. Its secrets go in and never come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.admin.widgets import BooleanWidget, SecretWidget, TextWidget
from whatsapp.models import WhatsAppSession

if TYPE_CHECKING:
    SessionModelForm = forms.ModelForm[WhatsAppSession]
else:
    SessionModelForm = forms.ModelForm

SECRETS = ("token", "webhook_secret")


class SessionForm(SessionModelForm):
    """An empty secret keeps what is stored; only the box beside it takes it away."""

    # Gateways live next door, often without a certificate.
    base_url = forms.URLField(
        label=_("Dirección del gateway"),
        required=False,
        assume_scheme="http",
        widget=TextWidget,
        help_text=_("Vacía: la de SESSION_MANAGER_BASE_URL."),
    )
    token = forms.CharField(
        label=_("Token del gateway"),
        required=False,
        widget=SecretWidget,
        help_text=_("Vacío: queda el que está guardado."),
    )
    webhook_secret = forms.CharField(
        label=_("Secreto de los avisos"),
        required=False,
        widget=SecretWidget,
        help_text=_("Con él se comprueba que los avisos vienen del gateway. Vacío: queda el que está guardado."),
    )
    forget_token = forms.BooleanField(label=_("Borrar el token guardado"), required=False, widget=BooleanWidget)
    forget_webhook_secret = forms.BooleanField(
        label=_("Borrar el secreto guardado"), required=False, widget=BooleanWidget
    )

    class Meta:
        model = WhatsAppSession
        fields = [
            "name",
            "tenant_id",
            "gateway",
            "base_url",
            "owner",
            "team",
            "region",
            "time_zone",
            "daily_limit",
            "lane_count",
            *SECRETS,
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = {name: getattr(self.instance, name) or "" for name in SECRETS}
        for name in SECRETS:
            self.initial.pop(name, None)
            stored = bool(self._stored[name])
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = str(_("guardado") if stored else _("ninguno"))

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        for name in SECRETS:
            if data.get(f"forget_{name}"):
                data[name] = ""
            elif not data.get(name):
                data[name] = self._stored[name]
        return data
