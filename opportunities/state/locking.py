"""Take opportunities to change them: locked with their clients, in everybody's order, their clocks by the hours of now.

Lock order everywhere: quota → clients → opportunities → lot → hours → stage.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.directory.models import Client
from leadmaster.lib.db.retry import retrying
from opportunities.clocks import backlog
from opportunities.clocks.terms import hours_of, stages_of
from opportunities.errors import NotAllowed, Stale
from opportunities.models import Opportunity
from opportunities.policy import not_yours
from opportunities.state import machine

_BATCH = 500


def lock(ids: Collection[int]) -> list[Opportunity]:
    """These opportunities, locked with their clients, in the order that everybody keeps. Runs in a transaction.

    Their clocks stand by the hours of now, even while a change of hours is still on its way through the others.
    """
    client_ids = Opportunity.objects.filter(id__in=ids).values_list("client_id", flat=True)
    list(Client.objects.filter(id__in=list(client_ids)).order_by("id").select_for_update().values_list("id"))
    return _up_to_date(list(Opportunity.objects.filter(id__in=ids).order_by("id").select_for_update()))


def lock_one(opportunity_id: int) -> Opportunity:
    """One opportunity, locked with its client. Raises NotAllowed for one that is not there, as for somebody else's."""
    rows = lock([opportunity_id])
    if not rows:
        raise NotAllowed(not_yours(opportunity_id))
    return rows[0]


def lock_free(ids: Collection[int]) -> list[Opportunity]:
    """Of these, what nobody else is holding, locked with its clients. For crons, which come again."""
    client_ids = list(Opportunity.objects.filter(id__in=ids).values_list("client_id", flat=True))
    free = list(
        Client.objects.filter(id__in=client_ids)
        .order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)
    )
    rows = Opportunity.objects.filter(id__in=ids, client_id__in=free).order_by("id")
    return _up_to_date(list(rows.select_for_update(skip_locked=True)))


def lock_with_terms(ids: Collection[int], *, team_id: int) -> tuple[list[Opportunity], Calendar]:
    """The same, and with them the hours of their team and the timers of their stages: for whoever turns one kind of
    clock into another by what they say. A change of those that came in between is followed."""
    rows = lock(ids)
    calendar = hours_of(team_id)
    stages_of({row.stage_id for row in rows if row.stage_id is not None})
    return _up_to_date(rows), calendar


def recalculate_now(ids: Sequence[int]) -> dict[int, int]:
    """In transactions of their own: these rows' clocks by the hours of now. One query when nothing is on its way.

    Returns the versions of those that had to follow: who looked at them saw the one before.
    """
    waiting = backlog.in_backlog(ids)
    versions: dict[int, int] = {}
    for start in range(0, len(waiting), _BATCH):
        some = waiting[start : start + _BATCH]
        rows = retrying(functools.partial(transaction.atomic(durable=True)(lock), some))
        versions |= {row.pk: row.version for row in rows if row.recalculated}
    return versions


def _up_to_date(rows: list[Opportunity]) -> list[Opportunity]:
    for due in backlog.pop_backlog(rows):
        change = due.retiming
        machine.retime(due.clocks, now=change.at, by=change.by, reason=change.reason)
        for row in due.clocks:
            row.recalculated = True
    return rows


def require_version(row: Opportunity, version: int) -> None:
    """Raise Stale, saying what happened meanwhile, unless the row is as this person saw it."""
    # Whose clock follows a change only now, under this very lock, was seen as it was before.
    if version in {row.version, row.version - row.recalculated}:
        return
    last = row.events.select_related("by", "to_stage").order_by("-id").first()
    what = last.get_kind_display().lower() if last else ""
    who = str(last.by) if last and last.by else _("el sistema")
    raise Stale(
        _("La oportunidad #%(id)s cambió mientras la mirabas (%(what)s, %(who)s). Actualiza la página.")
        % {"id": row.pk, "what": what, "who": who}
    )
