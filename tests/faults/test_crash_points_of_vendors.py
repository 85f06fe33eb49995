"""Faults 2 to 7 over each vendor's own client: the process ends where something was committed or was on the wire.

The wire is real and so are the vendor's words; the ledger is its emulator's. Their enumeration with every kind of answer
is that of the other crash points: what a vendor adds is how an answer is read.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest

from campaigns.enums import EnvioState
from campaigns.models import Campaign
from tests.faults.harness import Crashes, World
from tests.faults.lives import from_the_first_dispatch_on, play, wrongs
from tests.faults.vendor_world import VendorWorld, WireFault
from tests.whatsapp.vendors.lines import VENDORS, Vendor, at

pytestmark = pytest.mark.django_db(transaction=True)

GOES = WireFault("accepted", ())
IN_DOUBT = (
    WireFault("accepted, then reset", ({"fault": "reset"},)),
    WireFault("accepted, then 502", ({"fault": "status", "status": 502, "body": "<html>", "delivered": True},)),
)


def refused(vendor: Vendor) -> WireFault:
    status, code = vendor.refuses
    return WireFault("refused", ({"fault": "status", "status": status, "code": code, "delivered": False},))


@pytest.fixture
def campaign() -> Campaign:
    template: dict[str, Any] = {"official_name": "aviso", "official_language": "es"}
    return World().campaign(max_attempts=3, session__tenant_id="106540352242922", **template)


def at_a_step(at_: int, names: list[str]) -> bool:
    steps = ("after COMMIT", "submit", "collect")
    return from_the_first_dispatch_on(at_, names) and any(step in names[at_] for step in steps)


@pytest.mark.parametrize("kind", VENDORS)
@pytest.mark.parametrize("answer", [GOES, IN_DOUBT[0]], ids=lambda answer: answer.name)
def test_a_process_that_dies_leaves_a_true_ledger(campaign: Campaign, kind: str, answer: WireFault) -> None:
    with at(kind) as (emulator, config):
        make = functools.partial(VendorWorld, emulator, config)
        assert list(wrongs([campaign], answer, envios=(1,), wanted=at_a_step, make=make)) == []


@pytest.mark.parametrize("kind", VENDORS)
def test_each_answer_ends_where_it_should(campaign: Campaign, kind: str) -> None:
    ends = [(GOES, EnvioState.SENT), (refused(VENDORS[kind]), EnvioState.ERROR)]
    ends += [(doubt, EnvioState.UNCERTAIN) for doubt in IN_DOUBT]
    with at(kind) as (emulator, config):
        make = functools.partial(VendorWorld, emulator, config)
        for fault, state in ends:
            world = play([campaign], fault, Crashes(), envios=(1,), dies=False, make=make)
            assert (fault.name, world.states()) == (fault.name, {state: 1})
            assert world.findings() == []
