"""They never wrote to this line before."""

from __future__ import annotations

from typing import ClassVar

from campaigns.automatic.base import Moment
from campaigns.enums import AutomaticKind
from campaigns.models import AutomaticRule, Reply


class FirstAnswer:
    kind: ClassVar[AutomaticKind] = AutomaticKind.FIRST_ANSWER

    def applies(self, rule: AutomaticRule, moment: Moment) -> bool:
        row = moment.conversation
        before = Reply.objects.filter(row.words(), session=row.session_id, pk__lt=moment.reply.pk)
        return not before.exists()
