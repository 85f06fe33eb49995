"""Sums of a day's results that are not what a recount gives."""

from __future__ import annotations

import functools

from leadmaster.lib.periods import Period
from leadmaster.ops.reconciliation.sums import SumsOff
from opportunities.results.counting import Cell, count
from opportunities.results.sums import NAME, ResultSums


class ResultSumsOff(SumsOff):
    name = "results.desk"
    rollup_name = NAME

    def rollup(self) -> ResultSums:
        return self._sums

    def written(self, day: Period) -> set[Cell]:
        return self._sums.written(day)

    def counted(self, day: Period) -> set[Cell]:
        return set(count(day))

    @functools.cached_property
    def _sums(self) -> ResultSums:
        return ResultSums()
