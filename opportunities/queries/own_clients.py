"""Whom a promoter may write to: the clients in their hands, one by one while they are few enough."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from campaigns.audience.clients import CLIENT_FIELDS, values_of_client
from leadmaster.directory.models import ContactPoint, Suppression
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.own_campaigns import Choice, own_rows
from opportunities.queries.regions import region_of
from opportunities.queries.worklist import matching

# Longer lists are chosen by their stage, not one by one.
_LISTED: Final = 300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """One line of the list to choose from."""

    row: Opportunity
    silenced: bool
    reachable: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crowd:
    """Whom the filters find: one by one while they are few enough, else only how many."""

    candidates: Sequence[Candidate]
    count: int
    stages: Sequence[tuple[Stage, int]]
    total: int
    asked: Mapping[str, str]

    @property
    def listed(self) -> bool:
        return self.count <= _LISTED

    @property
    def known_fields(self) -> list[str]:
        """What the message may say of somebody at least; of a long list, whatever clients may have."""
        if not self.candidates:
            return list(CLIENT_FIELDS)
        known = {field for one in self.candidates for field in values_of_client(one.row.client, region="")}
        return [field for field in CLIENT_FIELDS if field in known]


def chosen_of(promoter: Promoter, raw: Mapping[str, str]) -> Choice:
    """The filters of the list, from an address that anybody may have written."""
    stage, search = raw.get("etapa", ""), " ".join(raw.get("q", "")[:80].split())
    return Choice(
        stage=int(stage) if stage.isascii() and stage.isdigit() and len(stage) < 10 else None,
        where=matching(search, region=region_of(promoter)) if search else Choice().where,
    )


def crowd_of(promoter: Promoter, raw: Mapping[str, str], now: dt.datetime) -> Crowd:
    choice = chosen_of(promoter, raw)
    rows = own_rows(promoter, choice, now=now)
    count = rows.count()
    shown = list(
        rows.select_related("client", "stage").prefetch_related("client__contacts").order_by("deadline", "id")
        if count <= _LISTED
        else ()
    )
    all_stages = own_rows(promoter, dataclasses.replace(choice, stage=None), now=now)
    stages = _by_stage(all_stages.order_by().values_list("stage", flat=True))
    return Crowd(
        candidates=_candidates(shown),
        count=count,
        stages=stages,
        total=sum(number for _stage, number in stages),
        asked={name: raw.get(name, "") for name in ("etapa", "q") if raw.get(name)},
    )


def _by_stage(stages: Any) -> list[tuple[Stage, int]]:
    counts: dict[int, int] = {}
    for stage in stages:
        counts[stage] = counts.get(stage, 0) + 1
    return [(stage, counts[stage.pk]) for stage in Stage.objects.filter(pk__in=counts)]


def _candidates(rows: Sequence[Opportunity]) -> list[Candidate]:
    phones = {row.pk: [point.normalised for point in row.client.contacts.all() if _is_phone(point)] for row in rows}
    silenced = Suppression.objects.among(phone for numbers in phones.values() for phone in numbers)
    return [
        Candidate(row=row, silenced=not silenced.isdisjoint(phones[row.pk]), reachable=bool(phones[row.pk]))
        for row in rows
    ]


def _is_phone(point: ContactPoint) -> bool:
    return point.is_valid and point.kind == ContactPoint.Kind.PHONE
