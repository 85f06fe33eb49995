"""What may be written on a session. Its secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from leadmaster.lib.admin.widgets import BooleanWidget, SecretWidget, TextWidget
from whatsapp import session_editing
from whatsapp.addresses import validate_address
from whatsapp.models import WhatsAppSession
from whatsapp.session_editing import SECRETS

if TYPE_CHECKING:
    SessionModelForm = forms.ModelForm[WhatsAppSession]
else:
    SessionModelForm = forms.ModelForm


class SessionForm(SessionModelForm):
    """The part that supervisors write. `session_editing` has the rules; here they are told beside their fields."""

    tenant_id = forms.CharField(
        label=_("cliente_id"),
        max_length=64,
        strip=False,
        widget=TextWidget,
        help_text=_("El identificador con el que el gateway conoce esta línea."),
    )
    by: User

    class Meta:
        model = WhatsAppSession
        fields = [
            "name",
            "tenant_id",
            "owner",
            "team",
            "region",
            "time_zone",
            "daily_limit",
            "lane_count",
            "in_use_since",
            "warm_up_start",
            "deaf_after",
        ]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        session = self.instance if self.instance.pk else None
        try:
            session_editing.checked(session, self.written(), by=self.by)
        except ValidationError as refused:
            for name, messages in refused.message_dict.items():
                self.add_error(name if name in self.fields else None, messages)
        return data

    def written(self) -> dict[str, Any]:
        """What this person changed, as the operation takes it."""
        session = self.instance if self.instance.pk else None
        wanted = self.cleaned_data.items() if session is None else self._changed()
        columns = {field.name for field in WhatsAppSession._meta.concrete_fields}
        return {name: value for name, value in wanted if name in columns}

    def _changed(self) -> Iterator[tuple[str, Any]]:
        return ((name, self.cleaned_data[name]) for name in self.changed_data if name in self.cleaned_data)


class GatewaySessionForm(SessionForm):
    """The whole of it, for administrators. An empty secret keeps what is stored; only the box beside it takes it away."""

    # Gateways live next door, often without a certificate.
    base_url = forms.CharField(
        label=_("Dirección del gateway"),
        required=False,
        widget=TextWidget,
        validators=[validate_address],
        help_text=_(
            "Vacía: la de SESSION_MANAGER_BASE_URL. Al cambiarla se borran el token y el secreto guardados: "
            "escribe los del gateway nuevo."
        ),
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

    class Meta(SessionForm.Meta):
        fields = [*SessionForm.Meta.fields, "gateway", "base_url", *SECRETS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SECRETS:
            self.initial.pop(name, None)
            stored = bool(getattr(self.instance, name))
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = str(_("guardado") if stored else _("ninguno"))

    def written(self) -> dict[str, Any]:
        wanted = super().written()
        for name in SECRETS:
            if self.cleaned_data.get(f"forget_{name}"):
                wanted[name] = ""
            elif not wanted.get(name):
                wanted.pop(name, None)
        return wanted
