"""Addresses that nobody clicks on: numbers that no row has narrow nothing, or find nothing, and break nothing."""

from __future__ import annotations

import pytest
from django.urls import reverse

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
