"""«Escribirles»: a draft campaign to a promoter's own clients, chosen from their list."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.errors import Refused as CampaignRefused
from leadmaster.lib.ids import parse_id
from opportunities.assignment.request_keys import KEY_LENGTH
from opportunities.errors import Refused
from opportunities.models import Promoter
from opportunities.own_campaigns import NewCampaign, draft_campaign, examples, sessions_of
from opportunities.queries.own_clients import Crowd, chosen_of, crowd_of
from opportunities.web.access import at_desk
from opportunities.web.forms import new_key
from whatsapp.models import WhatsAppSession

_LONGEST_MESSAGE: Final = 4_000


class CampaignForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nombre de la campaña"), max_length=160)
    session = forms.ModelChoiceField(
        label=gettext_lazy("Sale por la línea"), queryset=WhatsAppSession.objects.none(), empty_label=None
    )
    template = forms.CharField(
        label=gettext_lazy("Mensaje"),
        max_length=_LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Escribe el mensaje de la campaña.")},
    )
    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sessions: Sequence[WhatsAppSession], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.has_line = bool(sessions)
        field = self.fields["session"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells mypy what the class body says
        field.queryset = WhatsAppSession.objects.filter(pk__in=[session.pk for session in sessions])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def write(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    sessions = sessions_of(promoter)
    now = timezone.now()
    if request.method != "POST":
        form = CampaignForm(initial=_initial(sessions, now, promoter), sessions=sessions)
        return _page(request, promoter, form, crowd_of(promoter, request.GET, now))
    form = CampaignForm(request.POST, sessions=sessions)
    if not form.is_valid():
        return _page(request, promoter, form, crowd_of(promoter, request.POST, now))
    try:
        drafted = draft_campaign(promoter, _asked(promoter, request.POST, form), key=form.cleaned_data["key"], now=now)
    except (Refused, CampaignRefused) as refusal:
        form.add_error(None, str(refusal))
        return _page(request, promoter, form, crowd_of(promoter, request.POST, now))
    messages.success(request, _("El borrador está listo. Revísalo y envíalo a aprobar."))
    return redirect("my-campaign", drafted.campaign.pk)


@require_safe
@at_desk
def people(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """The people again, of another stage."""
    crowd = crowd_of(promoter, request.GET, timezone.now())
    return render(request, "web/desk/write_people.html", {"crowd": crowd})


@require_POST
@at_desk
def preview(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """How the message would reach the first ones that are chosen."""
    form = CampaignForm({**request.POST.dict(), "name": "-"}, sessions=sessions_of(promoter))
    if not form.is_valid():
        return render(request, "web/desk/write_preview.html", {})
    try:
        shown = examples(promoter, _asked(promoter, request.POST, form), now=timezone.now())
    except CampaignRefused as refusal:
        return render(request, "web/desk/write_preview.html", {"problem": str(refusal)})
    return render(request, "web/desk/write_preview.html", {"examples": shown})


# --- What was asked -----------------------------------------------------------------------------------------------------


def _asked(promoter: Promoter, raw: QueryDict, form: CampaignForm) -> NewCampaign:
    data = form.cleaned_data
    choice = chosen_of(promoter, raw)
    if raw.get("listed"):
        chosen = frozenset(number for value in raw.getlist("ids") if (number := parse_id(value)) is not None)
        choice = dataclasses.replace(choice, ids=chosen)
    return NewCampaign(name=data["name"], template=data["template"], session=data["session"], choice=choice)


# --- What it shows ------------------------------------------------------------------------------------------------------


def _initial(sessions: Sequence[WhatsAppSession], now: dt.datetime, promoter: Promoter) -> dict[str, object]:
    day = promoter.desk.date_at(now)
    return {
        "name": _("Seguimiento %(day)s") % {"day": day.strftime("%d/%m")},
        "session": sessions[0].pk if sessions else None,
        "template": _("Hola {nombre}, ¿cómo estás? "),
        "key": new_key(),
    }


def _page(request: HttpRequest, promoter: Promoter, form: CampaignForm, crowd: Crowd) -> HttpResponse:
    context = {
        "promoter": promoter,
        "form": form,
        "crowd": crowd,
        "placeholders": [f"{{{field}}}" for field in ("nombre", *crowd.known_fields)],
        "chosen": set(request.POST.getlist("ids")) if request.method == "POST" else None,
    }
    return render(request, "web/desk/write.html", context)
