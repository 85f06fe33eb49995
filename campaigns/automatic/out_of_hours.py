"""Their team does not work now, by its calendar: nights, weekends, holidays. A team without hours is always there."""

from __future__ import annotations

from typing import ClassVar

from campaigns.automatic.base import Moment
from campaigns.enums import AutomaticKind
from campaigns.models import AutomaticRule
from leadmaster.accounts.models import Team
from leadmaster.calendars.arithmetic import is_open
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.special_dates import calendar_of


class OutOfHours:
    kind: ClassVar[AutomaticKind] = AutomaticKind.OUT_OF_HOURS

    def applies(self, rule: AutomaticRule, moment: Moment) -> bool:
        works_by = Team.objects.filter(pk=rule.team_id).values_list(calendar_of(), flat=True)
        calendar = OperatingCalendar.objects.filter(pk__in=list(works_by)).first()
        if calendar is None:
            return False
        hours = calendar.as_value()
        return hours.opens_every_week and not is_open(moment.now, hours)
