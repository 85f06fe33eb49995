"""A planted lie in the sums of a day is found and put right; what was told to have changed is no lie."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import SendDay
from campaigns.reconciliation.sums import SendSumsOff
from leadmaster.ops.models import LateChange, RolledDay
from opportunities.enums import Measure
from opportunities.models import ResultDay
from opportunities.reconciliation.sums import ResultSumsOff
from opportunities.results.figures import Wanted, figures
from opportunities.results.sums import roll_up
from tests.lies import kinds, look
from tests.opportunities.results.test_figures import WEEK, in_utc
from tests.opportunities.results.world import AFTER, MONDAY, build, work

pytestmark = pytest.mark.django_db(transaction=True)
CHECKS = (SendSumsOff, ResultSumsOff)
__all__ = ["in_utc"]


def test_a_lie_in_a_days_sums_is_found_and_put_right() -> None:
    work(build())
    roll_up(AFTER)
    true = figures(WEEK, Wanted())
    assert look(CHECKS, now=AFTER) == []

    ResultDay.objects.filter(measure=Measure.SALE).delete()
    SendDay.objects.filter(state="error").update(number=70)
    assert kinds(look(CHECKS, now=AFTER)).count("results.sends") == 1
    assert figures(WEEK, Wanted()) != true
    found: Any = look(CHECKS, now=AFTER, apply=True)
    assert {outcome.repaired for outcome in found} == {True}
    assert sorted(set(kinds(found))) == ["results.desk", "results.sends"]
    assert figures(WEEK, Wanted()) == true
    assert look(CHECKS, now=AFTER) == []


def test_what_was_told_to_have_changed_is_left_to_the_next_run() -> None:
    work(build())
    roll_up(AFTER)
    ResultDay.objects.filter(measure=Measure.SALE, day=MONDAY.date()).delete()
    LateChange.objects.create(at=MONDAY)
    assert look(CHECKS, now=AFTER) == []
    assert RolledDay.objects.filter(day=MONDAY.date(), zone="UTC").count() == 2
