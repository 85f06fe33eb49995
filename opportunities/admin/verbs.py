"""What a supervisor decides about opportunities, on screen: names, questions, and where each verb makes sense."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.adminviews import Tone
from opportunities.enums import CLOSED, OPEN, OWNED, OpportunityState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# So many ids fit into an address, whatever server stands before us.
MANY: Final = 200


class Verb(enum.StrEnum):
    """Its value is the verb's part of the address."""

    REASSIGN = "reassign"
    GIVE_BACK = "give-back"
    POOL = "pool"
    CLOSE = "close"

    @property
    def page(self) -> str:
        """Its part of the address's name."""
        return f"decide_{self.name.lower()}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """How a verb asks. `done` tells one and many."""

    label: _StrPromise
    question: _StrPromise
    done: tuple[_StrPromise, _StrPromise]
    states: tuple[OpportunityState, ...]
    warning: _StrPromise | str = ""
    tone: Tone = "primary"


PAGES: Final[dict[Verb, Page]] = {
    Verb.REASSIGN: Page(
        label=_("Reasignar"),
        question=_(
            "Pasan a otro promotor, en la primera etapa y con el plazo desde cero. Se descuentan de su cupo de hoy."
        ),
        done=(_("%(n)d oportunidad reasignada."), _("%(n)d oportunidades reasignadas.")),
        states=OPEN,
        warning=_(
            "Los mensajes que las campañas del promotor anterior tenían pendientes para estos clientes no salen."
        ),
    ),
    Verb.GIVE_BACK: Page(
        label=_("Devolver a su promotor"),
        question=_(
            "Vuelven a manos de quien las tenía, en la primera etapa y con el plazo desde cero. No gastan cupo."
        ),
        done=(
            _("%(n)d oportunidad devuelta a su promotor."),
            _("%(n)d oportunidades devueltas a su promotor."),
        ),
        states=(OpportunityState.EXIT,),
    ),
    Verb.POOL: Page(
        label=_("Devolver al pool"),
        question=_("Quedan sin promotor y cualquiera del equipo puede recibirlas. El anterior no, por unos días."),
        done=(_("%(n)d oportunidad devuelta al pool."), _("%(n)d oportunidades devueltas al pool.")),
        states=OWNED,
        warning=_("Los mensajes que las campañas del promotor tenían pendientes para estos clientes no salen."),
    ),
    Verb.CLOSE: Page(
        label=_("Cerrar"),
        question=_("Quedan perdidas y nadie las trabaja más. El motivo queda en su historia."),
        done=(_("%(n)d oportunidad cerrada."), _("%(n)d oportunidades cerradas.")),
        states=OPEN,
        warning=_("Después de diez minutos no se puede deshacer."),
        tone="danger",
    ),
}


def verbs_for(state: str) -> list[Verb]:
    """What may be decided in this state, the likeliest first."""
    if state in CLOSED:
        return []
    order = [Verb.GIVE_BACK, Verb.REASSIGN, Verb.POOL, Verb.CLOSE]
    return [verb for verb in order if state in PAGES[verb].states]


def frozen(text: str) -> list[int]:
    """The ids of `1,2,3`; whatever is no number is left out."""
    ids = (int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 19)
    return list(dict.fromkeys(ids))[:MANY]


def address(verb: Verb, ids: list[int], *, back: str) -> str:
    """The page that asks about these."""
    query = urlencode({"ids": ",".join(map(str, ids)), "back": back})
    return f"{reverse(f'admin:opportunities_opportunity_{verb.page}')}?{query}"


def way_back(request: HttpRequest, default: str) -> str:
    """Where the person came from, if that is a page of the desk; anybody may have written the address."""
    back = request.GET.get("back", "")
    ours = back.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if ours else reverse(default)
