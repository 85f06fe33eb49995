"""The OpenAPI description is valid, complete, and what the API really does."""

from __future__ import annotations

import functools
import io
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from campaigns.enums import CampaignState, EnvioState
from tests.campaigns.api.world import World
from tests.described import check_answered_as_described, examples, made_up


@functools.cache
def described() -> dict[str, Any]:
    """Made once: it takes as long as all that is read of it together."""
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return dict(yaml.safe_load(out.getvalue()))


def test_is_valid_and_without_a_warning() -> None:
    validate(described())


def test_every_operation_tells_what_it_does_and_how_it_refuses() -> None:
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("description"), where
            refusals = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
            assert {"429", "500"} <= set(refusals), where
            for code, answer in refusals.items():
                reference = answer["content"]["application/json"]["schema"]
                assert reference == {"$ref": "#/components/schemas/Error"}, f"{where} {code}"


def test_rows_are_named_by_number() -> None:
    kinds = [
        parameter["schema"]
        for operations in described()["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    ]

    assert len(kinds) > 80
    assert {kind["type"] for kind in kinds} == {"integer"}


def test_bodies_are_described_as_closed() -> None:
    components = described()["components"]["schemas"]
    bodies = {
        name: schema for name, schema in components.items() if name.endswith("Request") and "properties" in schema
    }

    assert len(bodies) > 20
    assert [name for name, schema in bodies.items() if schema.get("additionalProperties") is not False] == []


def test_every_post_that_acts_takes_a_key() -> None:
    for path, operations in described()["paths"].items():
        names = {parameter["name"] for parameter in operations.get("post", {}).get("parameters", ())}
        if "post" in operations and path != "/api/v1/token/":
            assert "Idempotency-Key" in names, path


def test_secrets_are_never_described_as_answers() -> None:
    session = described()["components"]["schemas"]["Session"]["properties"]

    assert not {"token", "webhook_secret"} & set(session)


def test_is_served_to_programs(db: None) -> None:
    served = yaml.safe_load(Client().get("/api/schema/").content)

    assert served["paths"] == described()["paths"]


def test_the_page_to_read_it_needs_nothing_from_elsewhere(db: None) -> None:
    page = Client().get("/api/docs/")
    script = Client().get("/api/docs/?script=")

    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert page.status_code == script.status_code == 200
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert b"//" not in page.content.replace(b"<!DOCTYPE", b"")
    assert b"<script>" not in page.content
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"/api/schema/" in script.content


# --- What it says is what happens ---------------------------------------------------------------------------------


@pytest.fixture
def rows(world: World) -> dict[str, int]:
    """One row of each kind that an address may name."""
    return {
        "campaigns": world.complete(CampaignState.DRAFT).pk,
        "envios": world.envio(EnvioState.UNCERTAIN).pk,
        "imports": world.finished_import().pk,
        "schedules": world.schedule().pk,
        "sessions": world.session.pk,
        "automatic-rules": world.automatic_rule().pk,
        "automatic-answers": world.automatic_answer().pk,
        "suppressions": world.suppression().pk,
    }


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("operation", examples(desk=False), ids=lambda operation: operation.label)
@made_up
@given(data=st.data())
def test_whatever_is_asked_is_answered_as_described(
    operation: Any, data: st.DataObject, rows: dict[str, int], world: World
) -> None:
    check_answered_as_described(operation, data, by=world.admin, rows=rows)
