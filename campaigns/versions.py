"""What a person saw of a campaign or a schedule, in a word: whoever decides about it names it, and it is decided as seen.

Taken from what the rows say and not counted along with each write: so no door can forget to count. Who is written to is
in it by `submitted_at`; from then on recipients only become fewer.
"""

from __future__ import annotations

import hashlib

from django.db.models import Model
from django.utils.translation import gettext as _

from campaigns.errors import Stale
from campaigns.models import Campaign, Schedule


def of_campaign(campaign: Campaign) -> str:
    """Its own columns, its schedules with their windows, and the zone in which these are read.

    Two queries and its session, unless `schedules__windows` was fetched.
    """
    schedules = sorted(campaign.schedules.all(), key=lambda schedule: schedule.pk)
    zone = campaign.session.time_zone
    return _digest(_columns(campaign), zone, *(_of_schedule(schedule) for schedule in schedules))


def of_schedule(schedule: Schedule) -> str:
    """Its own columns, its windows and their zone. One query and its session, unless `windows` was fetched."""
    return _digest(schedule.campaign.session.time_zone, _of_schedule(schedule))


def require(campaign: Campaign, version: str) -> None:
    """Raise Stale unless the campaign, which is locked, is as this person saw it."""
    if of_campaign(campaign) != version:
        raise Stale(
            _(
                "La campaña “%(name)s” o su programación cambió mientras la mirabas. Actualiza la página y vuelve a mirarla."
            )
            % {"name": campaign.name}
        )


def require_schedule(schedule: Schedule, version: str) -> None:
    """The same of a schedule that was read under the lock of its campaign."""
    if of_schedule(schedule) != version:
        raise Stale(_("La programación cambió mientras la mirabas. Actualiza la página y vuelve a mirarla."))


def _of_schedule(schedule: Schedule) -> str:
    windows = sorted((window.opens, window.closes) for window in schedule.windows.all())
    return f"{_columns(schedule)} {windows!r}"


def _columns(row: Model) -> str:
    return repr([getattr(row, field.attname) for field in row._meta.concrete_fields])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
