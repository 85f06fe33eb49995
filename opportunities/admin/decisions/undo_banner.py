"""What somebody just did to many rows, and until when they can take it back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Collection

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import User
from opportunities.models import BulkAction, BulkItem, Opportunity
from opportunities.supervision.undo import UNDO_FOR

_SHOWN = 3
_NAMED = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tally:
    """One action in numbers. `kept`: found changed when it was undone."""

    action: BulkAction
    done: int
    refused: int
    # The first clients whom it was done to.
    names: tuple[str, ...] = ()

    @property
    def whom(self) -> str:
        """`Ana Sosa`, `Ana Sosa, Luis Paz y 3 más`."""
        text = ", ".join(self.names)
        rest = self.done - len(self.names)
        if not text or rest <= 0:
            return text
        return ngettext("%(names)s y %(n)d más", "%(names)s y %(n)d más", rest) % {"names": text, "n": rest}

    @property
    def until(self) -> dt.datetime:
        return self.action.at + UNDO_FOR

    def may_undo(self, user: User, now: dt.datetime) -> bool:
        return self.done > 0 and self.action.undone_at is None and self.action.by_id == user.pk and now <= self.until

    @property
    def sentence(self) -> str:
        done = ngettext("%(n)d oportunidad", "%(n)d oportunidades", self.done) % {"n": self.done}
        if not self.refused:
            return f"{self.action}: {done}"
        refused = ngettext("%(n)d no se hizo", "%(n)d no se hicieron", self.refused) % {"n": self.refused}
        return _("%(verb)s: %(done)s; %(refused)s") % {"verb": self.action, "done": done, "refused": refused}


def undoable(user: User, now: dt.datetime, *, row: Opportunity | None = None) -> list[Tally]:
    """This person's last actions that can still be undone, the newest first, with whom they were done to.

    With a `row`, those that this row was part of: on its page another client's undo would be taken for its own. Two
    queries, and one for each action.
    """
    actions = BulkAction.objects.filter(by=user, at__gte=now - UNDO_FOR, undone_at__isnull=True)
    if row is not None:
        actions = actions.filter(Exists(_done().filter(action=OuterRef("pk"), opportunity=row)))
    found = [tally for tally in tallies(list(actions[:_SHOWN])) if tally.may_undo(user, now)]
    return [dataclasses.replace(tally, names=_names(tally.action)) for tally in found]


def _done() -> QuerySet[BulkItem]:
    return BulkItem.objects.filter(refused="")


def _names(action: BulkAction) -> tuple[str, ...]:
    items = _done().filter(action=action).select_related("opportunity__client").order_by("id")[:_NAMED]
    return tuple(str(item.opportunity.client) for item in items)


def tallies(actions: Collection[BulkAction]) -> list[Tally]:
    """These actions with their numbers. One query."""
    if not actions:
        return []
    items = BulkItem.objects.filter(action__in=actions).order_by()
    counted = items.values_list("action").annotate(done=Count("id", filter=Q(refused="")), all=Count("id"))
    numbers: Counter[int] = Counter()
    whole: Counter[int] = Counter()
    for action, done, both in counted:
        numbers[action], whole[action] = done, both
    return [
        Tally(action=action, done=numbers[action.pk], refused=whole[action.pk] - numbers[action.pk])
        for action in actions
    ]
