"""Sums of a day's sends that are not what a recount gives."""

from __future__ import annotations

from campaigns.statistics import cells
from campaigns.statistics.cells import Cell
from leadmaster.lib.periods import Period
from leadmaster.ops import rollups
from leadmaster.ops.reconciliation.sums import SumsOff


class SendSumsOff(SumsOff):
    name = "results.sends"
    rollup_name = cells.SUMS.name

    def rollup(self) -> rollups.Rollup:
        return cells.SUMS

    def written(self, day: Period) -> set[Cell]:
        return cells.SUMS.written(day)

    def counted(self, day: Period) -> set[Cell]:
        return set(cells.count(day))
