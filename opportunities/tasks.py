"""What the django-q2 cluster runs for the desk: no arguments, no business."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.urls import reverse
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.lib.clock import database_now
from leadmaster.ops import push
from leadmaster.ops.heartbeat import beat
from opportunities.queries.news import About, PieceOfNews, news_of
from opportunities.results.sums import roll_up
from opportunities.supervision import departures
from opportunities.timers import absence_clocks, expiry, recalculation

HEARTBEAT = "timers"
# Push services may be slow; the next run goes on with whoever was not reached in time.
_LONGEST = dt.timedelta(minutes=2)
# What opens when a notice is tapped.
_PAGES: Final[Mapping[About, str]] = {
    About.CONVERSATIONS: "desk-conversations",
    About.CONVERSATION: "desk-conversation",
    About.OPPORTUNITIES: "desk-opportunities",
    About.OPPORTUNITY: "desk-opportunity",
    About.OWN_CAMPAIGN: "my-campaign",
    About.CAMPAIGN_TO_APPROVE: "admin:campaigns_campaign_change",
    About.LINE: "my-line",
}


def expire_timers() -> str:
    """Move what is overdue to the pool; begin and end absences; hand over what is of people who left."""
    now = database_now()
    # Absences first: a clock that stands still from today on must not expire today.
    absence_clocks.begin_and_end(now)
    departures.hand_over_departed(now)
    report = expiry.expire_timers(now)
    beat(HEARTBEAT, now=now, detail={"expired": report.expired})
    return f"expired {report.expired}"


def follow_hours() -> str:
    """Bring clocks along with changes of hours and timers that were too big for a web request."""
    return f"looked at {recalculation.apply_backlog(database_now())}"


def tell_devices() -> str:
    """What people have to know while no page of theirs is open."""
    if not push.is_on():
        return "off"
    now = database_now()
    until = timezone.now() + _LONGEST
    told = 0
    for user in User.objects.filter(pk__in=push.people()).order_by("?"):
        if timezone.now() < until:
            told += push.tell(user.pk, notices(user, now=now), now=now)
    push.forget_old(now)
    return f"told {told}"


def notices(user: User, *, now: dt.datetime) -> list[push.News]:
    """Whatever is news for them now, as their devices are told it."""
    return [_notice(one) for one in news_of(user, now=now)]


def _notice(one: PieceOfNews) -> push.News:
    url = reverse(_PAGES[one.about], args=[] if one.row is None else [one.row])
    return push.News(key=one.key, tag=one.tag, title=one.title, body=one.body, url=url)


def sum_up() -> str:
    """Days of sends and of results that are over, or that changed since."""
    return f"summed {roll_up(database_now())}"
