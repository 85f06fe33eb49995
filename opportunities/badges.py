"""How the desk's states look on every screen of its supervisors: one colour per meaning."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping

from django.core.exceptions import ObjectDoesNotExist
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from leadmaster.directory.enums import ContactKind
from leadmaster.lib import screens
from leadmaster.lib.phones import parsing
from leadmaster.lib.screens import Share, Tone
from opportunities.clocks.countdown import is_overdue
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity, Stage

# The admin's own, which templates can't import: it draws widgets with them while it loads.
NOTHING = mark_safe('<span class="lm-none">—</span>')

TONE: dict[str, Tone] = {
    OpportunityState.ACTIVE: "info",
    OpportunityState.EXIT: "warn",
    OpportunityState.POOL: "neutral",
    OpportunityState.WON: "good",
    OpportunityState.LOST: "bad",
}

# Fills of bars, the better end first.
FILL: dict[OpportunityState, screens.Fill] = {
    OpportunityState.WON: "sent",
    OpportunityState.ACTIVE: "sending",
    OpportunityState.EXIT: "uncertain",
    OpportunityState.POOL: "cancelled",
    OpportunityState.LOST: "error",
}


def state_badge(row: Opportunity) -> SafeString:
    # Not `get_state_display`, which makes a dictionary of all states for each row.
    return screens.badge(OpportunityState(row.state).label, TONE[row.state])


def stage_name(stage: Stage | None) -> SafeString:
    """A stage as its dot and its name. The dot is drawn: a style attribute would be refused by a strict policy."""
    if stage is None:
        return NOTHING
    return format_html(
        '<span class="lm-dotted"><svg class="lm-stage-dot" viewBox="0 0 10 10" aria-hidden="true">'
        '<circle cx="5" cy="5" r="5" fill="{}"/></svg>{}</span>',
        stage.colour,
        stage.name,
    )


def who(row: Opportunity) -> SafeString:
    """The client and their first phone. Contacts are there already."""
    return format_html(
        '<span class="lm-two"><b>{}</b><small>{}</small></span>',
        row.client.full_name or str(row),
        first_phone(row) or _("sin teléfono"),
    )


def first_phone(row: Opportunity) -> str:
    """The number to try first, as people write it; empty when there is none. Contacts are there already."""
    points = (point for point in row.client.contacts.all() if point.is_valid and point.kind == ContactKind.PHONE)
    return next((parsing.pretty(point.normalised) for point in points), "")


def desk_zone(row: Opportunity) -> zoneinfo.ZoneInfo | None:
    """Where the clock of the row's desk hangs. `team__desk__calendar` is there already; None for a team without a desk."""
    try:
        return row.team.desk.calendar.tz
    except ObjectDoesNotExist:
        return None


def clock(row: Opportunity, now: dt.datetime) -> SafeString:
    """When an active one expires, by its desk's clock; overdue from the deadline on, whether or not the cron has moved it."""
    if row.state != OpportunityState.ACTIVE:
        return NOTHING
    if row.paused_seconds is not None:
        return screens.badge(_("Plazo detenido"), "info")
    if row.deadline is None:
        return format_html('<span class="lm-none">{}</span>', _("sin plazo"))
    if is_overdue(row, now):
        return format_html(
            "{} {}", screens.badge(_("Vencida"), "bad"), screens.when(row.deadline, now, tz=desk_zone(row))
        )
    if row.held_until is not None and row.held_until > now:
        return format_html(
            "{} {}", screens.badge(_("Espera al cliente"), "info"), screens.when(row.deadline, now, tz=desk_zone(row))
        )
    return screens.when(row.deadline, now, tz=desk_zone(row))


def shares(counts: Mapping[str, int]) -> list[Share]:
    """Counts by state as parts of one bar."""
    return screens.shares((state.label, counts.get(state, 0), fill) for state, fill in FILL.items())


def state_bar(counts: Mapping[str, int]) -> SafeString:
    total = sum(counts.values())
    label = _("%(n)d oportunidades por estado") % {"n": total}
    return screens.stacked_bar(((state.label, counts.get(state, 0), fill) for state, fill in FILL.items()), label)
