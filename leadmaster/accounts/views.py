"""A person's own page: their password, and the programs that speak for them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leadmaster.accounts import api_tokens, devices
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.own_language import LanguageForm


class OwnPasswordForm(PasswordChangeForm):
    """Another one than before: a password that somebody else knows is not made one's own by typing it again."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The page holds more than this form, and a phone would open its keyboard over it.
        self.fields["old_password"].widget.attrs.pop("autofocus", None)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("new_password1") and data["new_password1"] == data.get("old_password"):
            raise forms.ValidationError({"new_password1": _("Es la que ya tenías: elige otra.")})
        return data

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        self.user.must_change_password = False
        return super().save(commit)


class AccountView(PasswordChangeView):
    form_class = OwnPasswordForm
    template_name = "web/account.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(
            self.request, _("Tu contraseña es nueva. Los programas que usaban la API con la anterior piden otro token.")
        )
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person = current_user(self.request)
        tokens = api_tokens.valid(timezone.now()).filter(user=person)
        return {
            **super().get_context_data(**kwargs),
            "tokens": tokens,
            "first": person.must_change_password,
            "language_form": LanguageForm(instance=person),
            "devices": devices.shown(self.request, person, now=timezone.now()),
        }


class LeaveView(LogoutView):
    """Log-out takes along what the browser kept of this person: pages, drafts, and the worker that has them."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        devices.forget(request)
        response = super().post(request, *args, **kwargs)
        response.headers["Clear-Site-Data"] = '"storage"'
        return response


@login_required
@require_POST
def end_other_devices(request: HttpRequest) -> HttpResponse:
    """Whoever lost a phone, or used somebody else's, is logged in here alone."""
    devices.end_others(request, current_user(request))
    messages.success(request, _("Cerraste las demás sesiones: en otros dispositivos hay que entrar de nuevo."))
    return HttpResponseRedirect(reverse("account"))


@login_required
@require_POST
def end_tokens(request: HttpRequest) -> HttpResponse:
    """Whoever lost a program's token ends them all; each program asks for a new one."""
    api_tokens.end(current_user(request))
    messages.success(request, _("Los accesos de programas terminaron."))
    return HttpResponseRedirect(reverse("account"))
