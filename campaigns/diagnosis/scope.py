"""Which rows a diagnosis is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from django.db.models import QuerySet

from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.lib.periods import Period

# What says that it went out, and the column that says when. The former system's word has no time of sending of its own.
CLAIMS = ((EnvioState.SENT, "sent_at"), (EnvioState.HISTORICAL, "ended_at"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scope:
    """`campaigns` None means all of them."""

    period: Period
    campaigns: frozenset[int] | None = None

    def rows(self) -> QuerySet[Envio]:
        every = Envio.objects.order_by()
        return every if self.campaigns is None else every.filter(campaign_id__in=sorted(self.campaigns))

    def within(self, column: str, state: EnvioState) -> QuerySet[Envio]:
        """Those in this state whose time lies in the period."""
        return self.rows().filter(
            state=state, **{f"{column}__gte": self.period.since, f"{column}__lt": self.period.until}
        )

    def by_day(self) -> Iterator[Scope]:
        for day in self.period.slices():
            yield dataclasses.replace(self, period=day)

    def of(self, campaign_id: int) -> Scope:
        return dataclasses.replace(self, campaigns=frozenset({campaign_id}))
