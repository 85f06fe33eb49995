"""Many rows by one statement are the rows that the model would have written."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from leadmaster.directory.models import Client
from leadmaster.lib.db.bulk_insert import BulkInserter
from tests.factories.accounts import TeamFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, 0, 123_456, tzinfo=dt.UTC)
FIELDS: dict[str, Any] = {
    "source": "externa",
    "external_id": "1",
    "name": "Ana ñ'\"%s {0}",
    "capacity": Decimal("12500.50"),
    "registered_on": dt.date(2020, 2, 29),
    "external_updated_at": None,
    "shard": 7,
    "created_at": NOW,
    "updated_at": NOW,
}


def written(**where: Any) -> dict[str, Any]:
    return {
        name: value for name, value in Client.objects.values().get(**where).items() if name not in {"id", "external_id"}
    }


def test_rows_are_as_the_model_writes_them_in_their_order() -> None:
    """Moments to the microsecond, dates, amounts, what is nothing, text with marks in it; and every default."""
    slow = Client(**{**FIELDS, "external_id": "slow"})
    Client.objects.bulk_create([slow])

    BulkInserter(Client, list(FIELDS), shared=Client()).insert(
        [tuple({**FIELDS, "external_id": id_}.values()) for id_ in ("b", "a")]
    )

    assert written(external_id="a") == written(external_id="b") == written(external_id="slow")
    assert list(Client.objects.order_by("id").values_list("external_id", flat=True)) == ["slow", "b", "a"]


def test_rows_that_are_there_get_the_fields_to_update_and_keep_the_others() -> None:
    row = Client.objects.create(**FIELDS)
    before = written(pk=row.pk)
    later = {"shard": 8, "created_at": NOW + dt.timedelta(days=1), "name": "Bea", "capacity": None}

    inserter = BulkInserter(Client, ("id", *FIELDS), shared=Client(), update=("name", "capacity"))
    inserter.insert([(row.pk, *{**FIELDS, **later}.values())])

    assert Client.objects.count() == 1
    assert written(pk=row.pk) == {**before, "name": "Bea", "capacity": None}


def test_a_column_that_encrypts_does_so() -> None:
    """A field of ours is text in Python and something else in the database."""
    like: WhatsAppSession = WhatsAppSessionFactory.build(team=TeamFactory(), created_at=NOW)

    BulkInserter(WhatsAppSession, ("tenant_id", "token"), shared=like).insert([("cliente-x", "a-secret")])

    assert WhatsAppSession.objects.get(tenant_id="cliente-x").token == "a-secret"
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM whatsapp_whatsappsession")
        assert "a-secret" not in cursor.fetchone()[0]


def test_no_rows_are_no_statement() -> None:
    BulkInserter(Client, list(FIELDS)).insert([])

    assert not Client.objects.exists()
