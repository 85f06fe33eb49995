"""Ctrl+K: people, phones, campaigns, lines, pages and verbs, each for whoever may open them. Bounded work by indexes."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import Client
from leadmaster.directory.search import found_by
from leadmaster.lib.phones import parsing
from leadmaster.unfold import UNFOLD
from opportunities.models import Opportunity
from opportunities.policy import SUPERVISE
from opportunities.queries.search import search_condition
from opportunities.scope import promoters_of, team_ids_of
from whatsapp.models import WhatsAppSession

_MOST: Final = 6
# Of the newest so many names are compared: whatever is older is found in its list.
_LOOKED: Final = 2_000
# One letter fits everything.
_SHORTEST: Final = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    title: str
    what: str
    url: str
    icon: str


# What people come to do, by the words that they would use for it.
_VERBS: Final[tuple[tuple[Any, str, str, str, str], ...]] = (
    (gettext_lazy("Crear una campaña"), "add", "campaigns_campaign_add", "campaigns.add_campaign", ""),
    (gettext_lazy("Crear una línea de WhatsApp"), "add", "whatsapp_whatsappsession_add",
     "whatsapp.add_whatsappsession", ""),
    (gettext_lazy("Excluir un número"), "block", "directory_suppression_add", "directory.add_suppression", ""),
    (gettext_lazy("Cargar una ausencia"), "beach_access", "opportunities_absence_add", SUPERVISE, ""),
    (gettext_lazy("Apagar o encender los envíos"), "power_settings_new", "campaigns_senderswitch_changelist",
     "campaigns.switch_sender", ""),
    (gettext_lazy("Aprobar campañas"), "check", "campaigns_campaign_changelist", "campaigns.approve_campaign",
     "?state__exact=por_aprobar"),
    (gettext_lazy("Oportunidades vencidas"), "alarm", "opportunities_opportunity_changelist", SUPERVISE,
     "?clock=overdue"),
    (gettext_lazy("Deshacer lo último"), "undo", "opportunities_bulkaction_changelist", SUPERVISE, ""),
    (gettext_lazy("Agregar una persona"), "person_add", "accounts_user_add", "accounts.add_user", ""),
)  # fmt: skip


def search(request: HttpRequest) -> HttpResponse:
    """The list under the box of Ctrl+K."""
    text = " ".join(request.GET.get("s", "").split())[:100]
    hits = list(found(request, text)) if len(text) >= _SHORTEST else []
    return TemplateResponse(request, "admin/search_results.html", {"hits": hits, "text": text})


def found(request: HttpRequest, text: str) -> Iterator[Hit]:
    """What somebody may mean by it: people and phones first where it is a number, else pages and verbs first."""
    user = current_user(request)
    sources: list[Callable[[], Iterable[Hit]]] = [
        lambda: _pages(request, text),
        lambda: _opportunities(user, text),
        lambda: _people(user, text),
        lambda: _clients(user, text),
        lambda: _campaigns(user, text),
        lambda: _lines(user, text),
    ]
    if any(mark.isdigit() for mark in text):
        sources = [*sources[1:], sources[0]]
    for source in sources:
        yield from source()


# --- Where --------------------------------------------------------------------------------------------------------------


def _pages(request: HttpRequest, text: str) -> Iterator[Hit]:
    """The menu's entries, and what people come to do."""
    entries = [(item, group.get("title", "")) for group in UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]]
    some = [
        Hit(title=str(item["title"]), what=str(where) or _("Página"), url=str(item["link"]), icon=item["icon"])
        for item, where in entries
        if item.get("permission", _anybody)(request) and _fits(text, str(item["title"]))
    ]
    verbs = [
        Hit(title=str(title), what=_("Acción"), url=reverse(f"admin:{page}") + query, icon=icon)
        for title, icon, page, permission, query in _VERBS
        if request.user.has_perm(permission) and _fits(text, str(title))
    ]
    yield from [*some, *verbs][: 2 * _MOST]


def _opportunities(user: User, text: str) -> Iterator[Hit]:
    """By `#123`, a whole phone, or a name: those of the teams that this person decides about."""
    if not user.has_perm(SUPERVISE):
        return
    condition, _more = search_condition(text)
    rows = Opportunity.objects.filter(condition, team_id__in=team_ids_of(user))
    for row in rows.select_related("client", "stage", "owner__user").order_by("-id")[:_MOST]:
        who = row.owner or _("sin promotor")
        yield Hit(
            title=row.client.full_name or str(row),
            what=f"{_('Oportunidad')} #{row.pk} · {row.get_state_display()} · {who}",
            url=reverse("admin:opportunities_opportunity_change", args=[row.pk]),
            icon="handshake",
        )


def _people(user: User, text: str) -> Iterator[Hit]:
    """Promoters of those teams."""
    if not user.has_perm("opportunities.change_promoter"):
        return
    rows = promoters_of(user).order_by("user__first_name", "user__last_name")[:_LOOKED]
    fit = [row for row in rows if _fits(text, f"{row} {row.user.username}")]
    for row in fit[:_MOST]:
        url = reverse("admin:opportunities_promoter_change", args=[row.pk])
        yield Hit(title=str(row), what=f"{_('Promotor')} · {row.desk.team}", url=url, icon="badge")


def _clients(user: User, text: str) -> Iterator[Hit]:
    if not user.has_perm("directory.view_client"):
        return
    for client in Client.objects.filter(pk__in=found_by(text)[:_MOST]).prefetch_related("contacts"):
        phones = [
            parsing.pretty(one.normalised)
            for one in client.contacts.all()
            if one.is_valid and one.kind == ContactKind.PHONE
        ]
        what = " · ".join([str(_("Cliente")), *phones[:1], client.get_availability_display()])
        url = reverse("admin:directory_client_change", args=[client.pk])
        yield Hit(title=client.full_name or str(client), what=what, url=url, icon="contacts")


def _campaigns(user: User, text: str) -> Iterator[Hit]:
    if not user.has_perm("campaigns.view_campaign"):
        return
    rows = Campaign.objects.visible_to(user).order_by("-id").only("pk", "name", "state")[:_LOOKED]
    fit = [row for row in rows if _fits(text, row.name)]
    for row in fit[:_MOST]:
        url = reverse("admin:campaigns_campaign_change", args=[row.pk])
        yield Hit(title=row.name, what=f"{_('Campaña')} · {row.get_state_display()}", url=url, icon="campaign")


def _lines(user: User, text: str) -> Iterator[Hit]:
    if not user.has_perm("whatsapp.view_whatsappsession"):
        return
    rows = WhatsAppSession.objects.visible_to(user).order_by("-id").only("pk", "name", "phone")[:_LOOKED]
    digits = "".join(mark for mark in text if mark.isdigit())
    fit = [row for row in rows if _fits(text, row.name) or (len(digits) > 5 and digits in (row.phone or ""))]
    for row in fit[:_MOST]:
        url = reverse("admin:whatsapp_whatsappsession_change", args=[row.pk])
        phone = parsing.pretty(row.phone) if row.phone else _("sin número")
        yield Hit(title=row.name, what=f"{_('Línea')} · {phone}", url=url, icon="smartphone")


def _anybody(_request: HttpRequest) -> bool:
    return True


def _fits(text: str, title: str) -> bool:
    """Whether each word of the text begins a word of the title, whatever its case and accents."""
    words = _plain(title).split()
    return all(any(word.startswith(part) for word in words) for part in _plain(text).split())


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in apart if not unicodedata.combining(mark))
