"""The dashboard and the alert rules name figures that are told, and Prometheus' own tools read them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.ops.metrics.reading import text

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "leadmaster.json"
_NAME = re.compile(r"\bleadmaster_\w+")
_LABELLED = re.compile(r"\b(leadmaster_\w+)\{([^}]*)\}")


def rules() -> list[dict[str, Any]]:
    found: dict[str, Any] = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in found["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """(where, what)"""
    yield from ((rule["alert"], rule["expr"]) for rule in rules())
    yield from ((panel["title"], target["expr"]) for panel in panels() for target in panel["targets"])


@pytest.fixture
def told(client: Client, db: None) -> dict[str, set[str]]:
    """Every series' name with the names of its labels."""
    client.get("/readyz")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text()):
        for name, labels, *_rest in family.samples:
            found.setdefault(name, set()).update(labels)
        # A family without a row today is told by its header.
        found.setdefault(family.name, set())
    return found | {"leadmaster_heartbeat_age_seconds": {"process"}}


def test_every_figure_that_they_name_is_told(told: dict[str, set[str]]) -> None:
    named = {(where, name) for where, what in expressions() for name in _NAME.findall(what)}

    assert len({name for _where, name in named}) > 20
    assert {(where, name) for where, name in named if name not in told} == set()


def test_every_label_that_they_name_is_told(told: dict[str, set[str]]) -> None:
    wrong = [
        (where, name, label)
        for where, what in expressions()
        for name, inside in _LABELLED.findall(what)
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside)
        if label not in told[name]
    ]

    assert wrong == []


def test_every_figure_that_is_told_is_drawn_somewhere(told: dict[str, set[str]]) -> None:
    drawn = {name for _where, what in expressions() for name in _NAME.findall(what)}
    plain = {re.sub(r"_(total|bucket|count|sum|created)$", "", name) for name in told}

    assert {name for name in plain if not any(one.startswith(name) for one in drawn)} == set()


def test_every_alert_says_how_bad_it_is_and_what_it_is_in_a_sentence() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        assert rule["for"], rule["alert"]


def test_no_two_panels_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        here = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not here & taken, panel["title"]
        assert max(x for x, _y in here) < 24
        taken |= here


@pytest.mark.prometheus
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rules", str(RULES)], f"SUCCESS: {len(rules())} rules found"),
        (["config", "--syntax-only", str(RULES.parent / "prometheus.yml")], "SUCCESS"),
    ],
)
def test_promtool_reads_the_rules_and_the_example(arguments: list[str], says: str) -> None:
    done = subprocess.run(["promtool", "check", *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
