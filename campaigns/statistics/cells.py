"""What was sent, in the smallest groups that anybody asks about: from the sums of days, or counted where there are none.

Counted from the indexes on the sending time alone, so a day costs what was sent on it, whatever the table holds.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator

from django.db.models import Count, DateField, DateTimeField, DurationField, ExpressionWrapper, F, Min, Value
from django.db.models.functions import Cast, TruncDate

from campaigns.enums import Ack, EnvioState
from campaigns.models import Envio, SendDay
from leadmaster.lib.periods import Period
from leadmaster.ops import rollups

# What did not simply go out has a time of its own.
_ENDED = (EnvioState.ERROR, EnvioState.SENT_BY_HAND, EnvioState.HISTORICAL)


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """So many messages of one campaign and line, on one day, in one state and with one acknowledgement."""

    day: dt.date
    campaign: int
    session: int
    state: EnvioState
    ack: Ack
    number: int


class SendSums:
    """The sums of sends (`leadmaster.ops.rollups`)."""

    name = "sends"

    def begins(self) -> dt.datetime | None:
        sent = Envio.objects.filter(sent_at__isnull=False).order_by().aggregate(at=Min("sent_at"))["at"]
        ended = Envio.objects.filter(ended_at__isnull=False).order_by().aggregate(at=Min("ended_at"))["at"]
        return min((at for at in (sent, ended) if at is not None), default=None)

    def basis(self, day: Period) -> str:
        return ""

    def write(self, day: Period) -> None:
        zone = str(day.zone)
        SendDay.objects.filter(zone=zone, day=day.first).delete()
        SendDay.objects.bulk_create(
            [
                SendDay(
                    zone=zone,
                    day=cell.day,
                    campaign_id=cell.campaign,
                    session_id=cell.session,
                    state=cell.state,
                    ack=cell.ack,
                    number=cell.number,
                )
                for cell in count(day)
            ],
            batch_size=1_000,
        )

    def forget(self, zone: str) -> None:
        SendDay.objects.filter(zone=zone).delete()

    def written(self, day: Period) -> set[Cell]:
        """What is written down of this day, whether or not it may be read."""
        rows = SendDay.objects.filter(zone=str(day.zone), day=day.first).order_by()
        return {Cell(*values) for values in _typed(rows.values_list(*_COLUMNS))}


_COLUMNS = ("day", "campaign_id", "session_id", "state", "ack", "number")
SUMS = SendSums()


def cells_of(period: Period, campaigns: Collection[int] | None = None, session: int | None = None) -> Iterator[Cell]:
    """Of whole days; of these campaigns alone, if any are named, and of this line."""
    days = rollups.split(SUMS, period)
    rows = SendDay.objects.filter(days.rows(), zone=str(period.zone)).order_by()
    if campaigns is not None:
        rows = rows.filter(campaign_id__in=sorted(campaigns))
    if session is not None:
        rows = rows.filter(session_id=session)
    if days.summed:
        for values in _typed(rows.values_list(*_COLUMNS)):
            yield Cell(*values)
    for piece in days.live:
        yield from count(piece, campaigns, session)


def count(period: Period, campaigns: Collection[int] | None = None, session: int | None = None) -> Iterator[Cell]:
    """From the messages themselves."""
    rows = Envio.objects.of_campaigns().order_by()
    if campaigns is not None:
        rows = rows.filter(campaign_id__in=sorted(campaigns))
    if session is not None:
        rows = rows.filter(session_id=session)
    for piece, distance in period.steady():
        for state in (EnvioState.SENT, *_ENDED):
            column = "sent_at" if state is EnvioState.SENT else "ended_at"
            within = rows.filter(state=state, **{f"{column}__gte": piece.since, f"{column}__lt": piece.until})
            # Of the others nobody acknowledged anything, and their index does not have it.
            ack = F("ack") if state is EnvioState.SENT else Value(Ack.NONE.value)
            counted = (
                within.annotate(on=_day(piece, column, distance), level=ack)
                .values_list("on", "campaign_id", "session_id", "level")
                .annotate(number=Count("pk"))
            )
            for day, campaign, line, level, number in counted:
                yield Cell(day, campaign, line, state, Ack(level), number)


# --- Private ---------------------------------------------------------------------------------------------------------


def _typed(
    rows: Collection[tuple[dt.date, int, int, str, int, int]],
) -> Iterator[tuple[dt.date, int, int, EnvioState, Ack, int]]:
    states = {state.value: state for state in EnvioState}
    acks = {ack.value: ack for ack in Ack}
    for day, campaign, session, state, ack, number in rows:
        yield day, campaign, session, states[state], acks[ack], number


def _day(piece: Period, column: str, distance: dt.timedelta) -> TruncDate | Cast:
    """The day by the zone's clock, without asking the database what it knows of zones."""
    if piece.first == piece.last:
        # Cast, because a server answers a bare value with the text that it was given.
        return Cast(Value(piece.first, output_field=DateField()), DateField())
    local = ExpressionWrapper(F(column) + Value(distance, output_field=DurationField()), output_field=DateTimeField())
    return TruncDate(local, tzinfo=dt.UTC)
