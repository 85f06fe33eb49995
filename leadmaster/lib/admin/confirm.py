"""The recipe of every action in the admin: GET shows what would happen, POST does it by one operation call.

The view that uses it finds the object among those the person may see (else 404) and checks the verb (else 403) before
it comes here. What the operation refuses comes back as a message, never as an error page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.admin.widgets import TextareaWidget

Tone: TypeAlias = Literal["primary", "danger"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What the person reads before they decide.

    `facts` are counts with their names, `sample` a few of the rows that will be touched, `warning` what can't be
    taken back.
    """

    title: str
    question: str
    button: str
    facts: Sequence[tuple[str, object]] = ()
    sample: Sequence[str] = ()
    sample_title: str = ""
    warning: str = ""
    tone: Tone = "primary"

    @property
    def numbers(self) -> list[tuple[str, int]]:
        return [(label, value) for label, value in self.facts if isinstance(value, int)]

    @property
    def words(self) -> list[tuple[str, object]]:
        return [(label, value) for label, value in self.facts if not isinstance(value, int)]


class NoForm(forms.Form):
    """An action that asks nothing."""


class ReasonForm(forms.Form):
    """An action that is written down with its why."""

    reason = forms.CharField(
        label=_("Motivo"),
        max_length=300,
        widget=TextareaWidget({"rows": 3}),
        error_messages={"required": _("Escribe el motivo: queda en el historial.")},
    )


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Motivo (opcional)"), max_length=300, required=False, widget=TextareaWidget({"rows": 3})
    )


class SeenForm(forms.Form):
    """An action about what its page showed: `version` comes from the page and goes back with the decision.

    Without one nothing is decided, and the operation says so.
    """

    version = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


def confirm_and_run(
    request: HttpRequest,
    *,
    page: Confirmation,
    run: Callable[[Mapping[str, Any]], str | HttpResponse],
    refusals: type[Exception] | tuple[type[Exception], ...],
    back: str,
    context: Mapping[str, Any],
    form_class: type[forms.Form] = NoForm,
    initial: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Ask on GET, act on POST, and go `back`.

    `run` makes the one operation call with the form's cleaned data and returns the sentence to show, or a page that has
    to be read first. An exception among `refusals` is shown as its own sentence.
    """
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    form = form_class(request.POST if request.method == "POST" else None, initial=dict(initial or {}))
    if request.method != "POST" or not form.is_valid():
        return TemplateResponse(
            request, "admin/confirm.html", {**context, "title": page.title, "page": page, "form": form, "back": back}
        )
    try:
        done = run(form.cleaned_data)
    except refusals as refusal:
        messages.error(request, str(refusal))
    else:
        if isinstance(done, HttpResponse):
            return done
        messages.success(request, done)
    return HttpResponseRedirect(back)
