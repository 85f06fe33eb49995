"""«Escribirles»: a draft campaign to a promoter's own clients, chosen from their list."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
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

from campaigns.audience.clients import CLIENT_FIELDS, values_of_client
from campaigns.errors import Refused as CampaignRefused
from leadmaster.directory.models import ContactPoint, Suppression
from leadmaster.lib.ids import parse_id
from opportunities.assignment.request_keys import KEY_LENGTH
from opportunities.errors import Refused
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.own_campaigns import Choice, NewCampaign, draft_campaign, examples, own_rows, sessions_of
from opportunities.queries.regions import region_of
from opportunities.queries.worklist import matching
from opportunities.web.access import at_desk
from opportunities.web.forms import new_key
from whatsapp.models import WhatsAppSession

# Longer lists are chosen by their stage, not one by one.
_LISTED: Final = 300
_LONGEST_MESSAGE: Final = 4_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """One line of the list to choose from."""

    row: Opportunity
    silenced: bool
    reachable: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crowd:
    """Whom the filters find: one by one while they are few enough, else only how many."""

    candidates: Sequence[Candidate]
    count: int
    stages: Sequence[tuple[Stage, int]]
    total: int
    asked: Mapping[str, str]

    @property
    def listed(self) -> bool:
        return self.count <= _LISTED


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
        return _page(request, promoter, form, _crowd(promoter, request.GET, now))
    form = CampaignForm(request.POST, sessions=sessions)
    if not form.is_valid():
        return _page(request, promoter, form, _crowd(promoter, request.POST, now))
    try:
        drafted = draft_campaign(promoter, _asked(promoter, request.POST, form), key=form.cleaned_data["key"], now=now)
    except (Refused, CampaignRefused) as refusal:
        form.add_error(None, str(refusal))
        return _page(request, promoter, form, _crowd(promoter, request.POST, now))
    messages.success(request, _("El borrador está listo. Revísalo y envíalo a aprobar."))
    return redirect("my-campaign", drafted.campaign.pk)


@require_safe
@at_desk
def people(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """The people again, of another stage."""
    crowd = _crowd(promoter, request.GET, timezone.now())
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
    choice = _filters(promoter, raw)
    if raw.get("listed"):
        chosen = frozenset(number for value in raw.getlist("ids") if (number := parse_id(value)) is not None)
        choice = dataclasses.replace(choice, ids=chosen)
    return NewCampaign(name=data["name"], template=data["template"], session=data["session"], choice=choice)


def _filters(promoter: Promoter, raw: Mapping[str, str]) -> Choice:
    """The filters of the list, from an address that anybody may have written."""
    stage, search = raw.get("etapa", ""), " ".join(raw.get("q", "")[:80].split())
    return Choice(
        stage=int(stage) if stage.isascii() and stage.isdigit() and len(stage) < 10 else None,
        where=matching(search, region=region_of(promoter)) if search else Choice().where,
    )


def _crowd(promoter: Promoter, raw: Mapping[str, str], now: dt.datetime) -> Crowd:
    choice = _filters(promoter, raw)
    rows = own_rows(promoter, choice, now=now)
    count = rows.count()
    shown = list(
        rows.select_related("client", "stage").prefetch_related("client__contacts").order_by("deadline", "id")
        if count <= _LISTED
        else ()
    )
    all_stages = own_rows(promoter, dataclasses.replace(choice, stage=None), now=now)
    stages = _by_stage(all_stages.order_by().values_list("stage", flat=True))
    return Crowd(
        candidates=_candidates(shown),
        count=count,
        stages=stages,
        total=sum(number for _stage, number in stages),
        asked={name: raw.get(name, "") for name in ("etapa", "q") if raw.get(name)},
    )


def _by_stage(stages: Any) -> list[tuple[Stage, int]]:
    counts: dict[int, int] = {}
    for stage in stages:
        counts[stage] = counts.get(stage, 0) + 1
    return [(stage, counts[stage.pk]) for stage in Stage.objects.filter(pk__in=counts)]


def _candidates(rows: Sequence[Opportunity]) -> list[Candidate]:
    phones = {row.pk: [point.normalised for point in row.client.contacts.all() if _is_phone(point)] for row in rows}
    silenced = Suppression.objects.among(phone for numbers in phones.values() for phone in numbers)
    return [
        Candidate(row=row, silenced=not silenced.isdisjoint(phones[row.pk]), reachable=bool(phones[row.pk]))
        for row in rows
    ]


def _is_phone(point: ContactPoint) -> bool:
    return point.is_valid and point.kind == ContactPoint.Kind.PHONE


# --- What it shows ------------------------------------------------------------------------------------------------------


def _initial(sessions: Sequence[WhatsAppSession], now: dt.datetime, promoter: Promoter) -> dict[str, object]:
    day = now.astimezone(promoter.desk.calendar.tz)
    return {
        "name": _("Seguimiento %(day)s") % {"day": day.strftime("%d/%m")},
        "session": sessions[0].pk if sessions else None,
        "template": _("Hola {nombre}, ¿cómo estás? "),
        "key": new_key(),
    }


def _known_fields(crowd: Crowd) -> list[str]:
    """What the message may say of somebody at least; of a long list, whatever clients may have."""
    if not crowd.candidates:
        return list(CLIENT_FIELDS)
    known = {field for one in crowd.candidates for field in values_of_client(one.row.client, region="")}
    return [field for field in CLIENT_FIELDS if field in known]


def _page(request: HttpRequest, promoter: Promoter, form: CampaignForm, crowd: Crowd) -> HttpResponse:
    context = {
        "promoter": promoter,
        "form": form,
        "crowd": crowd,
        "placeholders": [f"{{{field}}}" for field in ("nombre", *_known_fields(crowd))],
        "chosen": set(request.POST.getlist("ids")) if request.method == "POST" else None,
    }
    return render(request, "web/desk/write.html", context)
