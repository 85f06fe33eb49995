"""docs/simulator.md says what the code does."""

from __future__ import annotations

import argparse
import json
import re

import pytest

from tests.simulator import REPOSITORY, Simulator
from whatsapp.simulator.cli import add_arguments
from whatsapp.simulator.faults import Faults, Kind
from whatsapp.simulator.settings import Settings

TEXT = (REPOSITORY / "docs" / "simulator.md").read_text("utf-8")


def test_every_argument_is_described_and_no_other() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    described = set(re.findall(r"--[a-z][a-z-]+", TEXT.partition("## Faults")[0]))
    assert described == {option for action in parser._actions for option in action.option_strings}


def test_every_fault_is_described() -> None:
    rows = "".join(re.findall(r"^\| (`[a-z_`, ]+) .*", TEXT, re.MULTILINE))
    assert set(Kind) <= set(re.findall(r"`([a-z_]+)`", rows))


def test_example_of_faults_is_taken() -> None:
    example = TEXT.partition("```json")[2].partition("```")[0]
    faults = Faults()
    faults.add(json.loads(example))
    assert len(faults.rules) == 5


def test_every_setting_is_described() -> None:
    line = next(line for line in TEXT.splitlines() if "/_control/settings" in line)
    described = set(re.findall(r"\w+", line.partition("{")[2].partition("}")[0]))
    assert described == set(vars(Settings()))


@pytest.mark.parametrize("route", sorted(set(re.findall(r"GET`?(?:, `\w+)* (/_control/[a-z]*)", TEXT))))
def test_every_route_that_shows_something_answers(simulator: Simulator, route: str) -> None:
    assert simulator.raw("GET", route).status_code == 200
