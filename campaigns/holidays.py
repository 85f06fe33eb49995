"""The holidays that a campaign keeps: those of its team's calendar, unless its author said that it sends on them too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from campaigns.models import Campaign
from leadmaster.calendars.special_dates import SpecialDate, calendar_of, special_dates

Holidays = Mapping[dt.date, SpecialDate]
NONE: Holidays = {}
_AHEAD = dt.timedelta(days=367)
# Somewhere it is still yesterday, or tomorrow already.
_ZONES = dt.timedelta(days=2)


def kept_by(campaigns: Collection[Campaign], now: dt.datetime) -> dict[int, Holidays]:
    """The dates of the year to come that each of these keeps, by campaign. Two queries; none if nobody keeps any."""
    keeping = [campaign.pk for campaign in campaigns if campaign.keeps_off_holidays]
    if not keeping:
        return {}
    works_by = dict(Campaign.objects.filter(pk__in=keeping).order_by().values_list("pk", calendar_of("team")))
    today = now.date()
    dates = special_dates(
        {calendar for calendar in works_by.values() if calendar is not None},
        since=today - _ZONES,
        until=today + _AHEAD,
    )
    return {pk: dates[calendar] for pk, calendar in works_by.items() if calendar in dates}
