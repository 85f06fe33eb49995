"""Addresses that nobody clicks on: numbers that no row has narrow nothing, or find nothing, and break nothing."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db.models import AutoField, ForeignKey, IntegerField, Model
from django.urls import NoReverseMatch, reverse

from tests.company import signed_in
from tests.opportunities.api import world as worlds

LISTS = {
    "opportunities_opportunity": ("team", "owner", "stage"),
    "opportunities_lot": ("team", "owner"),
    "opportunities_dailyquota": ("team", "promoter"),
    "opportunities_quotaentry": ("team", "promoter"),
    "opportunities_absence": ("team", "promoter"),
    "opportunities_promoter": ("team",),
    "campaigns_campaign": ("team", "session"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["²", "٣", "-1", "9" * 25, "9" * 5_000, "1e3", "\x00"], ids=lambda value: value[:3])
def test_a_list_answers_whatever_its_filters_are_asked_for(value: str) -> None:
    world = worlds.build()
    world.one()
    browser = signed_in(world.admin)

    for name, filters in LISTS.items():
        for parameter in filters:
            address = reverse(f"admin:{name}_changelist")
            answer = browser.get(address, {parameter: value})
            assert answer.status_code in (200, 302), (address, parameter)
    assert browser.get(reverse("admin:opportunities_promoter_radar"), {"days": value}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["9" * 25, "-" + "9" * 25])
def test_every_list_answers_whatever_column_is_asked_for_a_number_that_none_holds(value: str) -> None:
    """Any column of a list may stand in its address: SQLite refuses the number, and the page has to say so."""
    world = worlds.build()
    world.one()
    browser = signed_in(world.admin)
    lists = [name for model in admin.site._registry if (name := _list_of(model)) is not None]

    assert len(lists) > 20
    for address, columns in lists:
        for column in columns:
            answer = browser.get(address, {column: value})
            assert answer.status_code in (200, 302), (address, column)


def _list_of(model: type[Model]) -> tuple[str, list[str]] | None:
    """Its address, and its columns of numbers: of each kind one."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    kinds: dict[type, str] = {type(field): field.attname for field in model._meta.concrete_fields}
    numbers = [attname for kind, attname in kinds.items() if issubclass(kind, AutoField | IntegerField | ForeignKey)]
    try:
        return reverse(name), numbers
    except NoReverseMatch:
        return None


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["9" * 25, "9" * 5_000, "²", "-1", "1,,x"], ids=lambda value: value[:3])
def test_what_is_chosen_by_numbers_that_no_row_has_is_nothing(value: str) -> None:
    world = worlds.build()
    browser = signed_in(world.admin)

    for name in ("ops_reconciliationfinding_repair", "campaigns_uncertainenvio_decide"):
        assert browser.get(reverse(f"admin:{name}"), {"ids": value}).status_code in (200, 302)
