"""What a supervisor decides about opportunities, on screen: names, questions, and where each verb makes sense."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.admin.confirm import Tone
from opportunities.enums import CLOSED, OPEN, OWNED, OpportunityState
from opportunities.supervision.frozen import Seen, read, written

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
    """How a verb asks. `question` and `done` tell one and many; `withdraws`: what the owner had pending is not sent."""

    label: _StrPromise
    question: tuple[_StrPromise, _StrPromise]
    done: tuple[_StrPromise, _StrPromise]
    states: tuple[OpportunityState, ...]
    withdraws: bool = True
    warning: _StrPromise | str = ""
    tone: Tone = "primary"


PAGES: Final[dict[Verb, Page]] = {
    Verb.REASSIGN: Page(
        label=_("Reasignar"),
        question=(
            _("Pasa a otro promotor, en la primera etapa y con el plazo desde cero. Se descuenta de su cupo de hoy."),
            _("Pasan a otro promotor, en la primera etapa y con el plazo desde cero. Se descuentan de su cupo de hoy."),
        ),
        done=(_("%(n)d oportunidad reasignada."), _("%(n)d oportunidades reasignadas.")),
        states=OPEN,
    ),
    Verb.GIVE_BACK: Page(
        label=_("Devolver a su promotor"),
        question=(
            _("Vuelve a manos de quien la tenía, en la primera etapa y con el plazo desde cero. No gasta cupo."),
            _("Vuelven a manos de quien las tenía, en la primera etapa y con el plazo desde cero. No gastan cupo."),
        ),
        done=(
            _("%(n)d oportunidad devuelta a su promotor."),
            _("%(n)d oportunidades devueltas a su promotor."),
        ),
        states=(OpportunityState.EXIT,),
        withdraws=False,
    ),
    Verb.POOL: Page(
        label=_("Devolver al pool"),
        question=(
            _("Queda sin promotor y cualquiera del equipo puede recibirla. El anterior no, por unos días."),
            _("Quedan sin promotor y cualquiera del equipo puede recibirlas. El anterior no, por unos días."),
        ),
        done=(_("%(n)d oportunidad devuelta al pool."), _("%(n)d oportunidades devueltas al pool.")),
        states=OWNED,
    ),
    Verb.CLOSE: Page(
        label=_("Cerrar"),
        question=(
            _("Queda perdida y nadie la trabaja más. El motivo queda en su historia."),
            _("Quedan perdidas y nadie las trabaja más. El motivo queda en su historia."),
        ),
        done=(_("%(n)d oportunidad cerrada."), _("%(n)d oportunidades cerradas.")),
        states=OPEN,
        warning=_("Después de diez minutos no se puede deshacer."),
        tone="danger",
    ),
}


# The key of each in the inbox and in the panel beside it.
KEYS: Final[dict[Verb, str]] = {Verb.REASSIGN: "r", Verb.GIVE_BACK: "d", Verb.POOL: "p", Verb.CLOSE: "c"}

_LIKELIEST_FIRST: Final = (Verb.GIVE_BACK, Verb.REASSIGN, Verb.POOL, Verb.CLOSE)


def verbs_for(*states: str) -> list[Verb]:
    """What may be decided about at least one that is in these states, the likeliest first."""
    still = set(states) - set(CLOSED)
    return [verb for verb in _LIKELIEST_FIRST if still.intersection(PAGES[verb].states)]


def chosen_in(text: str) -> list[Seen]:
    """The rows of `7:3,9:1`, as many as an address holds."""
    return read(text)[:MANY]


def address(verb: Verb, rows: Iterable[Seen], *, back: str) -> str:
    """The page that asks about these."""
    query = urlencode({"ids": written(rows), "back": back})
    return f"{reverse(f'admin:opportunities_opportunity_{verb.page}')}?{query}"


def way_back(request: HttpRequest, default: str) -> str:
    """Where the person came from, if that is a page of the desk; anybody may have written the address."""
    back = request.GET.get("back", "")
    ours = back.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if ours else reverse(default)
