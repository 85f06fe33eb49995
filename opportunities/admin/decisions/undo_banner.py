"""What somebody just did to many rows, and until when they can take it back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Collection

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import User
from opportunities.models import BulkAction, BulkItem
from opportunities.supervision.undo import UNDO_FOR

_SHOWN = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tally:
    """One action in numbers. `kept`: found changed when it was undone."""

    action: BulkAction
    done: int
    refused: int

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


def undoable(user: User, now: dt.datetime) -> list[Tally]:
    """This person's last actions that can still be undone, the newest first. Two queries at the most."""
    rows = list(BulkAction.objects.filter(by=user, at__gte=now - UNDO_FOR, undone_at__isnull=True)[:_SHOWN])
    return [tally for tally in tallies(rows) if tally.may_undo(user, now)]


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
