"""What the log of changes says of a form: related rows by their names, however the form came by them."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from leadmaster.accounts.models import Team, User
from leadmaster.lib import changes
from tests.factories.accounts import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def told(field: forms.Field, *, initial: Any, sent: Any) -> list[str]:
    """Before and after, of a form of this one field."""
    kind = type("OneField", (forms.Form,), {"chosen": field})
    form = kind({"chosen": sent}, initial={"chosen": initial})
    assert form.is_valid(), form.errors
    return changes.of_form(form)["chosen"]


def teams(*names: str) -> list[Team]:
    return [TeamFactory.create(name=name) for name in names]


@pytest.mark.parametrize("begins_with", ["ids", "rows", "a queryset", "nothing"])
def test_several_related_rows_are_told_by_their_names(begins_with: str) -> None:
    north, south, _west = rows = teams("Norte", "Sur", "Oeste")
    initial: Any = {
        "ids": [north.pk, south.pk],
        "rows": [north, south],
        "a queryset": Team.objects.filter(pk__in=[north.pk, south.pk]),
        "nothing": None,
    }[begins_with]
    field = forms.ModelMultipleChoiceField(queryset=Team.objects.all())

    before, after = told(field, initial=initial, sent=[str(row.pk) for row in rows[1:]])

    assert before == ("" if begins_with == "nothing" else "Norte, Sur")
    assert after == "Oeste, Sur"


def test_of_several_none_is_told_as_nothing() -> None:
    (north,) = teams("Norte")
    field = forms.ModelMultipleChoiceField(queryset=Team.objects.all(), required=False)

    assert told(field, initial=[north.pk], sent=[]) == ["Norte", ""]


def test_one_related_row_is_told_by_its_name_also_where_it_is_offered_no_more() -> None:
    north, south = teams("Norte", "Sur")
    field = forms.ModelChoiceField(queryset=Team.objects.exclude(pk=north.pk), required=False)

    assert told(field, initial=north.pk, sent=str(south.pk)) == ["Norte", "Sur"]
    assert told(field, initial=south, sent="") == ["Sur", ""]


def test_a_related_row_that_forms_name_by_another_column_is_told_by_its_name() -> None:
    ana, eva = (UserFactory.create(username=name, first_name=name.title(), last_name="") for name in ("ana", "eva"))
    field = forms.ModelChoiceField(queryset=User.objects.all(), to_field_name="username")

    assert told(field, initial="ana", sent="eva") == [str(ana), str(eva)]


def test_a_row_that_is_gone_is_told_by_its_number() -> None:
    (south,) = teams("Sur")
    field = forms.ModelChoiceField(queryset=Team.objects.all())

    assert told(field, initial=987_654, sent=str(south.pk)) == ["987654", "Sur"]
