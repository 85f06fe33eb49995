"""Dealing rows to people: nobody better served is possible, whatever fits whom."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opportunities.supervision.dealing import Deal

PEOPLE = (1, 2, 3)


def deal(room: dict[int, int], fits: list[tuple[int, ...]]) -> dict[int, int]:
    dealt = Deal(room)
    for row, fit in enumerate(fits):
        dealt.add(row, fit)
    return dealt.given


def best(room: dict[int, int], fits: list[tuple[int, ...]]) -> tuple[int, int]:
    """Of every way to deal these: the most rows given and, with so many, the least sum of squares: the most even."""
    found = []
    for way in itertools.product(*((None, *fit) for fit in fits)):
        loads = Counter(person for person in way if person is not None)
        if all(loads[person] <= room[person] for person in loads):
            found.append((-loads.total(), sum(load * load for load in loads.values())))
    return min(found)


@settings(max_examples=150, deadline=None)
@given(
    room=st.fixed_dictionaries({person: st.integers(0, 4) for person in PEOPLE}),
    fits=st.lists(st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple), max_size=6),
)
def test_as_many_as_can_be_as_evenly_as_can_be(room: dict[int, int], fits: list[tuple[int, ...]]) -> None:
    given_ = deal(room, fits)

    loads = Counter(given_.values())
    assert all(person in fits[row] for row, person in given_.items())
    assert all(loads[person] <= room[person] for person in loads)
    assert (-loads.total(), sum(load * load for load in loads.values())) == best(room, fits)


@pytest.mark.parametrize(("rows", "people", "most"), [(1_000, 80, 13), (1_000, 3, 334), (7, 3, 3)])
def test_what_fits_everybody_differs_by_one_at_the_most(rows: int, people: int, most: int) -> None:
    everybody = tuple(range(people))

    loads = Counter(deal(dict.fromkeys(everybody, 1_000), [everybody] * rows).values())

    assert (max(loads.values()), min(loads.values())) == (most, rows // people)
