"""Which day a limit is charged to where the zone can change: the day goes on until the new zone has passed midnight too."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo

from leadmaster.lib.clock import business_day, local_datetime

_DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ChargedDays:
    """The days of a zone, whose `held` one began at `since`, in another zone, and goes on until `until`.

    None of the three where the zone never changed.
    """

    tz: zoneinfo.ZoneInfo
    held: dt.date | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def at(self, now: dt.datetime) -> dt.date:
        today = business_day(now, self.tz)
        if self.held is None or self.until is None:
            return today
        # Never backwards: what was used of a day stays used of it.
        return self.held if now < self.until else max(today, self.held)

    def began(self, now: dt.datetime) -> dt.datetime:
        """When the day that counts at `now` began, for what is counted by its moments."""
        day = self.at(now)
        if day == self.held and self.since is not None:
            return self.since
        midnight = local_datetime(day, dt.time(0), self.tz)
        return midnight if self.until is None else max(midnight, self.until)

    def ends(self, now: dt.datetime) -> dt.datetime:
        midnight = local_datetime(self.at(now) + _DAY, dt.time(0), self.tz)
        return midnight if self.until is None else max(midnight, self.until)

    def moved(self, tz: zoneinfo.ZoneInfo, now: dt.datetime) -> ChargedDays:
        """The same in another zone: no day begins until it is midnight by the old zone, the new one and earlier ones."""
        over = [local_datetime(business_day(now, zone) + _DAY, dt.time(0), zone) for zone in (self.tz, tz)]
        earlier = [self.until] if self.until is not None else []
        return ChargedDays(tz=tz, held=self.at(now), since=self.began(now), until=max(over + earlier))
