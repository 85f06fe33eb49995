"""Recipients from the client directory: choose by facets, see how many there are, add them, read the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.base import require_act
from campaigns.admin.campaign_import import closed_door, url
from campaigns.audience.directory import READ_DIRECTORY, Selection, add_from_directory, queue_selection
from campaigns.audience.directory_counts import Option, count, options
from campaigns.audience.errors import AudienceError
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.policy import Act
from leadmaster.accounts.current_user import current_user
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import FACETS, Count

# Added at once by the request itself when the campaign is still empty, whatever the size of the directory.
_QUICK: Final = 5_000

_LABELS: Final = {
    "province": gettext_lazy("Provincia o estado"),
    "city": gettext_lazy("Ciudad"),
    "agreement": gettext_lazy("Convenio"),
    "client_type": gettext_lazy("Tipo de cliente"),
}
_GROUPS: Final = {
    Availability.FREE: gettext_lazy("Libres: nadie los trabaja"),
    Availability.POOL: gettext_lazy("En el pool: esperan promotor"),
    Availability.TAKEN: gettext_lazy("Que un promotor está trabajando"),
    Availability.CLOSED: gettext_lazy("Cerrados: ya compraron o dijeron que no"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facet:
    """One filter: what may be chosen, with what it would give, and what is chosen."""

    name: str
    label: str
    options: list[Option]
    chosen: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """Clients by how they stand on the desk."""

    value: str
    label: str
    chosen: bool
    worked: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """What the page shows of a selection, with the numbers of now."""

    selection: Selection
    facets: list[Facet]
    groups: list[Group]
    count: Count
    problem: str = ""


def choose(request: HttpRequest, campaign: Campaign, context: dict[str, Any]) -> HttpResponse:
    """GET asks whom; POST adds them, at once or in the background, and goes on to the report."""
    _require(request, campaign)
    if (closed := closed_door(request, campaign)) is not None:
        return closed
    if request.method == "POST":
        return _add(request, campaign, context)
    return _page(request, campaign, _look(request.GET), context)


def live(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The filters again, with the numbers of now."""
    _require(request, campaign)
    return TemplateResponse(
        request, "admin/campaigns/campaign/directory_found.html", {"found": _look(request.GET), "campaign": campaign}
    )


def _require(request: HttpRequest, campaign: Campaign) -> None:
    require_act(request, Act.IMPORT, campaign)
    if not current_user(request).has_perm(READ_DIRECTORY):
        raise PermissionDenied


def _add(request: HttpRequest, campaign: Campaign, context: dict[str, Any]) -> HttpResponse:
    now, by = timezone.now(), current_user(request)
    try:
        selection = _selection(request.POST)
        if not _is_big(campaign, selection):
            report = add_from_directory(campaign, selection, by=by, now=now)
            record_id = report.import_id
        else:
            record_id = queue_selection(campaign, selection, by=by, now=now).pk
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _page(request, campaign, _look(request.POST), context)
    return HttpResponseRedirect(url("import", campaign, record_id))


def _is_big(campaign: Campaign, selection: Selection) -> bool:
    if selection.limit and selection.limit <= _QUICK and not campaign.envios.exists():
        return False
    return count(selection).more


def _page(request: HttpRequest, campaign: Campaign, found: Found, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(
        request,
        "admin/campaigns/campaign/directory.html",
        {
            **context,
            "title": _("Añadir del directorio · %(name)s") % {"name": campaign.name},
            "campaign": campaign,
            "found": found,
            "back": url("change", campaign),
        },
    )


def _look(raw: QueryDict) -> Found:
    """What an address or a form asked for, as far as it makes sense."""
    problem = ""
    try:
        selection = _selection(raw)
    except AudienceError as refusal:
        problem, selection = str(refusal), Selection.of({name: raw.get(name, "") for name in FACETS if name != "city"})
    return Found(
        selection=selection,
        facets=[_facet(selection, name) for name in FACETS if name != "city" or selection.facets.province],
        groups=[_group(selection, availability) for availability in _GROUPS],
        count=count(selection),
        problem=problem,
    )


def _selection(raw: QueryDict) -> Selection:
    """A city whose province was taken back goes with it."""
    chosen: Mapping[str, Any] = {name: raw.get(name, "") for name in FACETS}
    if not chosen["province"]:
        chosen = {**chosen, "city": ""}
    asked = {**chosen, "limit": raw.get("limit", "")}
    # An unticked box is not sent: only a form that was sent says that none is ticked.
    if raw.get("sent"):
        asked["availability"] = raw.getlist("availability")
    return Selection.of(asked)


def _facet(selection: Selection, name: str) -> Facet:
    chosen = getattr(selection.facets, name)
    found = options(selection, name)
    if chosen and all(option.value != chosen for option in found):
        # Used up meanwhile: it stays chosen, and says that it has nobody.
        found = [Option(value=chosen, count=Count(number=0, more=False)), *found]
    return Facet(name=name, label=str(_LABELS[name]), options=found, chosen=chosen)


def _group(selection: Selection, availability: Availability) -> Group:
    return Group(
        value=availability.value,
        label=str(_GROUPS[availability]),
        chosen=availability in selection.availability,
        worked=availability is Availability.TAKEN,
    )
