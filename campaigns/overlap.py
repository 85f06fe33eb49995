"""Whom of a campaign other campaigns write to as well: said before somebody approves it, and counted by the forecast."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio, PersonRest
from leadmaster.lib.screens import spoken

# So many recipients are looked at, in the order in which they would be sent: a campaign of a million is told by these.
LOOKED_AT = 50_000
_HOUR = dt.timedelta(hours=1)


def rest_of(campaign: Campaign) -> dt.timedelta:
    """How long this campaign leaves alone whoever another one wrote to."""
    hours = settings.PERSON_REST_HOURS if campaign.person_rest is None else campaign.person_rest
    return dt.timedelta(hours=hours)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Overlap:
    """`elsewhere` of the first `looked_at` who wait here wait in a running campaign too; `resting` were written to by
    another one too lately, the last of them until `until`.
    """

    looked_at: int
    elsewhere: int
    resting: int
    until: dt.datetime | None

    def sentences(self, now: dt.datetime) -> list[str]:
        """What is worth a thought before this campaign is approved. Empty when it meets nobody else's."""
        told = []
        if self.elsewhere:
            sentence = ngettext(
                "%(count)d persona está también en otra campaña en curso: recibe una y la otra espera su descanso.",
                "%(count)d personas están también en otra campaña en curso: reciben una y la otra espera su descanso.",
                self.elsewhere,
            )
            told.append(sentence % {"count": self.elsewhere})
            if self.looked_at == LOOKED_AT:
                told.append(_("Se miraron los primeros %(count)d destinatarios.") % {"count": LOOKED_AT})
        if self.resting and self.until is not None:
            sentence = ngettext(
                "%(count)d persona recibió otra campaña hace poco y descansa hasta %(until)s.",
                "%(count)d personas recibieron otra campaña hace poco y descansan, la última hasta %(until)s.",
                self.resting,
            )
            told.append(sentence % {"count": self.resting, "until": spoken(self.until, now)})
        return told


def overlap(campaign: Campaign, now: dt.datetime) -> Overlap:
    """Two queries. Each recipient that is looked at is looked up by their number; who rests is found from the rests."""
    others = (
        Envio.objects.filter(
            Exists(Campaign.objects.running().filter(pk=OuterRef("campaign"))),
            phone=OuterRef("phone"),
            state__in=[EnvioState.PENDING, EnvioState.SENDING],
        )
        .exclude(campaign=campaign)
        .order_by()
    )
    first = Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).order_by("next_due", "id")
    counts = (
        first.annotate(there=Exists(others))
        .values("id", "there")[:LOOKED_AT]
        .aggregate(looked_at=Count("id"), elsewhere=Count("id", filter=Q(there=True)))
    )
    rests = _rests(campaign, now).aggregate(count=Count("id"), last=Max("written_at"))
    return Overlap(
        looked_at=counts["looked_at"],
        elsewhere=counts["elsewhere"],
        resting=rests["count"],
        until=rests["last"] and rests["last"] + rest_of(campaign),
    )


def rests_end(campaign: Campaign, now: dt.datetime) -> list[tuple[dt.datetime, int]]:
    """When those who wait here and rest from another campaign may be written to, by the hour, and how many. One query."""
    hours = (
        _rests(campaign, now)
        .annotate(hour=TruncHour("written_at", tzinfo=dt.UTC))
        .values_list("hour")
        .annotate(count=Count("id"))
        .order_by("hour")
    )
    # The end of the hour: a promise to a person errs on the late side.
    return [(hour + _HOUR + rest_of(campaign), count) for hour, count in hours]


def _rests(campaign: Campaign, now: dt.datetime) -> QuerySet[PersonRest]:
    """From the rests that go on to the recipients: nobody else's number is looked at."""
    here = Envio.objects.filter(campaign=campaign, phone=OuterRef("phone"), state=EnvioState.PENDING)
    lately = PersonRest.objects.filter(written_at__gt=now - rest_of(campaign)).exclude(campaign=campaign)
    return lately.filter(Exists(here)).order_by()
