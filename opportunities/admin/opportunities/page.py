"""What the page of one opportunity shows: where it stands, its clock, its story, and what may be decided now."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from opportunities.admin.decisions.undo_banner import undoable
from opportunities.admin.decisions.verbs import PAGES, Verb, address, verbs_for
from opportunities.clocks.countdown import calendar_of, is_overdue
from opportunities.enums import OpportunityState
from opportunities.funnel.labels import label_of
from opportunities.models import CoolDown, Opportunity
from opportunities.policy import may_supervise
from opportunities.queries.amounts import amount_of
from opportunities.queries.contacts import reach, silenced_among
from opportunities.queries.time_left import timer_of
from opportunities.queries.timeline import timeline
from opportunities.supervision.frozen import seen

_RESTING = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Button:
    label: str
    url: str
    tone: str


def with_everything(rows: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    """The row and all that the page names, in two queries."""
    related = ("client", "stage", "team", "lot", "owner__user", "owner__desk", "sale__by", "sale__promoter__user")
    return rows.select_related(*related).prefetch_related("client__contacts")


def page(row: Opportunity, user: User, now: dt.datetime) -> dict[str, Any]:
    """The context around the empty form."""
    decides = may_supervise(user, row.team_id)
    return {
        "row": row,
        "timer": timer_of(row, calendar=calendar_of(row), now=now) if _clocked(row) else None,
        "reach": reach(row, sender=None, silenced=silenced_among([row])),
        "buttons": buttons(row, now) if decides else [],
        "sale": getattr(row, "sale", None),
        "sale_amount": amount_of(getattr(row, "sale", None)),
        "facts": [(label_of(str(name)), value) for name, value in row.data.items()],
        "timeline": timeline(row, viewer=user),
        "resting": list(_resting(row, now)),
        "recent": undoable(user, now, row=row),
    }


def buttons(row: Opportunity, now: dt.datetime) -> list[Button]:
    """What may be decided now, the likeliest first."""
    here = reverse("admin:opportunities_opportunity_change", args=[row.pk])
    found = []
    for verb in verbs_for(row.state):
        label = _("Asignar a un promotor") if row.state == OpportunityState.POOL and verb is Verb.REASSIGN else None
        found.append(
            Button(
                label=label or str(PAGES[verb].label),
                url=address(verb, [seen(row)], back=here),
                tone="quiet-danger" if verb is Verb.CLOSE else "",
            )
        )
    if row.deadline is not None and not is_overdue(row, now) and not row.extended:
        url = reverse("admin:opportunities_opportunity_extend", args=[row.pk])
        found.insert(-1, Button(label=_("Dar prórroga"), url=url, tone=""))
    if row.state == OpportunityState.WON:
        for name, label, tone in (
            ("correct_sale", _("Corregir la venta"), ""),
            ("annul_sale", _("Anular la venta"), "quiet-danger"),
        ):
            url = reverse(f"admin:opportunities_opportunity_{name}", args=[row.pk])
            found.append(Button(label=label, url=url, tone=tone))
        return found
    return [dataclasses.replace(found[0], tone="primary"), *found[1:]] if found else []


def _clocked(row: Opportunity) -> bool:
    return row.state == OpportunityState.ACTIVE and (row.deadline is not None or row.paused_seconds is not None)


def _resting(row: Opportunity, now: dt.datetime) -> QuerySet[CoolDown]:
    """Whom this client is not offered to, and until when."""
    rows = CoolDown.objects.filter(client=row.client_id, until__gt=now)
    return rows.select_related("promoter__user").order_by("until")[:_RESTING]
