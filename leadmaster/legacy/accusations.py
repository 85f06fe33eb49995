"""The phantoms of a table of messages, campaign by campaign, with their evidence."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping

from campaigns.diagnosis.phantoms import Mark, Run, runs_of
from leadmaster.legacy import values
from leadmaster.legacy.report import AccusedRun
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work


def accuse(
    work: Work,
    table: str,
    *,
    group: str,
    at: str,
    columns: tuple[str, ...],
    says_sent: Callable[[Row], bool],
    is_proven: Callable[[Row], bool],
    names: Mapping[int, str],
) -> dict[int, Run]:
    """By row id, the run that accuses it. `group` is the column of the campaign, `at` that of the time."""
    marks: dict[int, list[Mark]] = collections.defaultdict(list)
    for row in work.source.rows(table, columns=[group, at, *columns]):
        campaign = values.reference(row[group])
        if campaign is None or not says_sent(row):
            continue
        try:
            clock = values.wall_clock(row[at])
        except values.Unreadable:
            continue
        if clock is not None:
            marks[campaign].append(Mark(row.id, clock, is_proven(row)))
    accused: dict[int, Run] = {}
    for campaign in sorted(marks):
        for run in runs_of(marks[campaign]):
            accused |= dict.fromkeys(run.ids, run)
            work.report.phantoms.append(
                AccusedRun(
                    table=table,
                    campaign=campaign,
                    campaign_name=names.get(campaign, ""),
                    run=run,
                    looked_in=work.proofs.looked_in,
                )
            )
    return accused
