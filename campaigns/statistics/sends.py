"""How many messages went out, by day, line, promoter and campaign. Always equal to a recount.

Days that are summed up are read from their sums, the others counted (`cells`).
"""

from __future__ import annotations

import collections
import dataclasses
import enum
from collections.abc import Callable, Collection, Mapping, Sequence

from django.db.models import QuerySet

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign
from campaigns.statistics.cells import Cell, cells_of
from leadmaster.accounts.models import User
from leadmaster.lib.periods import Period
from whatsapp.models import WhatsAppSession

MOST_DAYS = 92
USUAL_DAYS = 30


class By(enum.StrEnum):
    """What the figures are told by."""

    DAY = "day"
    SESSION = "session"
    OWNER = "owner"
    CAMPAIGN = "campaign"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts of one group. The funnel is cumulative: whoever read it also received it. `sent` has the gateway's proof."""

    sent: int = 0
    server: int = 0
    delivered: int = 0
    read: int = 0
    errors: int = 0
    by_hand: int = 0
    historical: int = 0

    @property
    def error_rate(self) -> float:
        """Errors among what the gateway answered for, 0.0 to 1.0."""
        answered = self.sent + self.errors
        return self.errors / answered if answered else 0.0

    @property
    def total(self) -> int:
        return self.sent + self.errors + self.by_hand + self.historical


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One day, line, promoter or campaign. `id` is None for a day."""

    id: int | None
    name: str
    figures: Figures


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sends:
    """`rows` by each way of telling; days in their order and none left out, the others with whoever sent most first."""

    period: Period
    total: Figures
    rows: Mapping[By, Sequence[Row]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whose sends: ids, where None is no condition."""

    campaign: int | None = None
    session: int | None = None
    owner: int | None = None
    team: int | None = None

    def of(self, campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
        """The line is the message's own: a campaign may have changed its."""
        wanted = {"pk": self.campaign, "owner_id": self.owner, "team_id": self.team}
        return campaigns.filter(**{name: value for name, value in wanted.items() if value is not None})


def sends(user: User, period: Period, wanted: Wanted) -> Sends:
    """Of this person's campaigns: promoters' own, supervisors' teams', administrators' all."""
    campaigns = wanted.of(Campaign.objects.visible_to(user))
    everything = user.is_administrator and wanted == Wanted(session=wanted.session)
    ids = None if everything else frozenset(campaigns.order_by().values_list("pk", flat=True))
    cells = list(cells_of(period, ids, wanted.session))
    owners, names = _campaigns({cell.campaign for cell in cells})
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=set(owners.values()))}
    lines = dict(
        WhatsAppSession.objects.filter(pk__in={cell.session for cell in cells}).order_by().values_list("pk", "name")
    )
    return Sends(
        period=period,
        total=figures_of(cells),
        rows={
            By.DAY: _by_day(period, cells),
            By.SESSION: _grouped(cells, lambda cell: cell.session, lines),
            By.OWNER: _grouped(cells, lambda cell: owners[cell.campaign], people),
            By.CAMPAIGN: _grouped(cells, lambda cell: cell.campaign, names),
        },
    )


# --- Private ---------------------------------------------------------------------------------------------------------


def _campaigns(ids: Collection[int]) -> tuple[dict[int, int], dict[int, str]]:
    """Whose each of them is, and its name."""
    rows = list(Campaign.objects.filter(pk__in=ids).order_by().values_list("pk", "owner_id", "name"))
    return {pk: owner for pk, owner, _name in rows}, {pk: name for pk, _owner, name in rows}


def _by_day(period: Period, cells: Sequence[Cell]) -> list[Row]:
    groups = collections.defaultdict(list)
    for cell in cells:
        groups[cell.day].append(cell)
    return [Row(id=None, name=day.isoformat(), figures=figures_of(groups[day])) for day in period.days()]


def _grouped(cells: Sequence[Cell], key_of: Callable[[Cell], int], names: Mapping[int, str]) -> list[Row]:
    groups = collections.defaultdict(list)
    for cell in cells:
        groups[key_of(cell)].append(cell)
    rows = [Row(id=key, name=names.get(key, f"#{key}"), figures=figures_of(group)) for key, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.figures.sent, -row.figures.total, row.name))


def figures_of(cells: Collection[Cell]) -> Figures:
    states: collections.Counter[EnvioState] = collections.Counter()
    acks: collections.Counter[Ack] = collections.Counter()
    for cell in cells:
        states[cell.state] += cell.number
        if cell.state is EnvioState.SENT:
            acks[cell.ack] += cell.number
    return Figures(
        sent=states[EnvioState.SENT],
        server=_at_least(acks, Ack.SERVER),
        delivered=_at_least(acks, Ack.DELIVERED),
        read=_at_least(acks, Ack.READ),
        errors=states[EnvioState.ERROR],
        by_hand=states[EnvioState.SENT_BY_HAND],
        historical=states[EnvioState.HISTORICAL],
    )


def _at_least(acks: Mapping[Ack, int], level: Ack) -> int:
    return sum(number for ack, number in acks.items() if ack >= level)
