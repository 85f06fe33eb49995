"""What each kind of alert says to do, and the page that does it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from leadmaster.accounts.roles import Role
from leadmaster.ops.alert_kinds import KINDS, family, remedy, row_id
from tests.factories.accounts import UserFactory
from tests.factories.ops import AlertFactory
from tests.test_docs import ALERTS


def test_every_kind_that_is_opened_somewhere_says_what_to_do() -> None:
    """Those of test_docs are compared with the calls in the code."""
    assert set(KINDS) == {key for _number, keys in ALERTS.values() for key in keys}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_its_page_is_there(name: str) -> None:
    kind = KINDS[name]

    assert reverse(f"admin:{kind.page}", args=[7] if kind.of_row else []).startswith("/admin/")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_who_administers_has_a_button_for_each(db: None, name: str) -> None:
    alert = AlertFactory.build(key=f"{name}:7" if KINDS[name].of_row else name)

    found = remedy(alert, UserFactory(role=Role.ADMINISTRATOR))

    assert found.advice
    assert found.button
    assert found.url


def test_without_the_permission_there_is_advice_and_no_button(db: None) -> None:
    alert = AlertFactory.build(key="reconciliation")

    for person in (UserFactory(role=Role.SUPERVISOR), AnonymousUser()):
        found = remedy(alert, person)
        assert found.advice
        assert (found.button, found.url) == ("", "")


def test_a_key_is_its_family_and_its_row() -> None:
    assert (family("session:12"), row_id("session:12")) == ("session", 12)
    assert (family("gateway:https://a.example:8080/x"), row_id("gateway:https://a.example:8080/x")) == ("gateway", None)
    assert remedy(AlertFactory.build(key="session:"), AnonymousUser()).url == ""
