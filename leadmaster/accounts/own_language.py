"""A person's choice of their own language, on the page of their account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.languages import language_of
from leadmaster.accounts.models import User

if TYPE_CHECKING:
    UserModelForm = forms.ModelForm[User]
else:
    UserModelForm = forms.ModelForm


class LanguageForm(UserModelForm):
    class Meta:
        model = User
        fields = ("language",)


@login_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """The answer is told in the language that was chosen."""
    person = current_user(request)
    form = LanguageForm(request.POST, instance=person)
    if form.is_valid():
        User.objects.filter(pk=person.pk).update(language=form.cleaned_data["language"])
        translation.activate(language_of(person) or translation.get_language_from_request(request))
        messages.success(request, _("Idioma guardado."))
    else:
        messages.error(request, _("Elige uno de los idiomas de la lista."))
    return HttpResponseRedirect(reverse("account"))
