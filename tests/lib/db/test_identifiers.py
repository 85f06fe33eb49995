"""Ids, keys and digests are one when they are the same byte by byte, on every database."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from leadmaster.accounts.models import ApiToken
from leadmaster.lib.db.operations import CompareByteByByte
from leadmaster.lib.fields import IdentifierField, bytewise
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession

OURS = ("leadmaster", "campaigns", "opportunities", "whatsapp")

# Texts that rows are found by and that are no identifiers, each with the reason. Case and accents of what people write
# make no difference to them; what only our own code writes has one way to be written.
NO_IDENTIFIERS = {
    "what people call things": {
        "accounts.user.username",
        "accounts.team.name",
        "calendars.operatingcalendar.name",
        "opportunities.stage.name",
        "directory.client.name",
        "directory.client.last_names",
        "directory.client.agreement",
        "directory.client.province",
        "directory.client.city",
        "directory.client.client_type",
    },
    "numbers that people write as they like": {"directory.client.tax_id"},
    "phones in E.164, and mails, whose case says nothing": {
        "directory.contactpoint.normalised",
        "directory.suppression.phone",
        "directory.suppressionlift.phone",
        "campaigns.envio.phone",
        "campaigns.conversation.phone",
        "campaigns.reply.phone",
        "campaigns.personrest.phone",
    },
    "words of our own code": {
        "ops.reconciliationrun.open_key",
        "ops.reconciliationfinding.kind",
        "ops.repair.kind",
        "campaigns.earlyreceipt.kind",
        "campaigns.sendday.state",
        "opportunities.resultday.measure",
        "legacy.importedrow.source",
        "legacy.importedrow.table",
        "legacy.importedrow.digest",
    },
}


def columns() -> dict[str, Any]:
    """`app.model.field` → field, of every text that our tables hold."""
    return {
        f"{field.model._meta.label_lower}.{field.name}": field
        for model in apps.get_models()
        if model.__module__.startswith(OURS)
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.CharField)
    }


def is_found_by(field: Any) -> bool:
    """Whether rows are told apart, looked up or put in order by it."""
    options = field.model._meta
    named = {name for rule in (*options.constraints, *options.indexes) for name in getattr(rule, "fields", ())}
    return bool(field.unique or field.db_index or {field.name, f"-{field.name}"} & named)


def identifiers() -> dict[str, Any]:
    return {name: field for name, field in columns().items() if isinstance(field, IdentifierField)}


def excuses() -> set[str]:
    return {name for names in NO_IDENTIFIERS.values() for name in names}


def test_every_text_that_rows_are_found_by_is_an_identifier_or_says_why_not() -> None:
    excused = excuses()
    found = {name for name, field in columns().items() if is_found_by(field) and not field.choices}

    assert found - excused - set(identifiers()) == set()
    assert excused <= set(columns())
    assert excused & set(identifiers()) == set()


def test_whatever_is_called_an_id_a_key_a_token_or_a_digest_is_one() -> None:
    words = ("_id", "key", "token", "digest", "fingerprint")
    named = {name for name in columns() if name.endswith(words)}

    assert len(named) > 12
    assert named - set(identifiers()) - excuses() == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(identifiers()))
def test_two_that_differ_in_case_an_accent_or_a_blank_are_two(name: str) -> None:
    """In a copy of the column as it stands in the database, which alone knows how it compares."""
    field = identifiers()[name]
    table, column = map(connection.ops.quote_name, (field.model._meta.db_table, field.column))
    ids = ["3EB0aF", "3eb0af", "3eb0àf", "3eb0af "]

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS probe")
        cursor.execute(f"CREATE TEMPORARY TABLE probe AS SELECT {column} AS id FROM {table} WHERE 1 = 0")
        cursor.execute("CREATE UNIQUE INDEX probe_once ON probe (id)")
        cursor.executemany("INSERT INTO probe VALUES (%s)", [(one[: field.max_length],) for one in ids])
        found = []
        for one in ids:
            cursor.execute("SELECT id FROM probe WHERE id = %s", [one])
            found.append([row[0] for row in cursor.fetchall()])
        cursor.execute("SELECT id FROM probe ORDER BY id")
        in_order = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE probe")

    assert found == [[one] for one in ids]
    assert in_order == sorted(ids, key=str.encode)


@pytest.mark.mariadb
@pytest.mark.django_db
def test_the_database_holds_every_one_as_the_model_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns WHERE table_schema = DATABASE()"
        )
        stored = {(table, column): collation for table, column, collation in cursor.fetchall()}

    wrong = [
        name
        for name, field in identifiers().items()
        if stored[field.model._meta.db_table, field.column] != bytewise(connection)
    ]

    assert wrong == []


@pytest.mark.django_db
def test_a_hand_that_searches_may_write_it_in_any_case() -> None:
    WhatsAppSessionFactory.create(tenant_id="Sucursal-Norte")

    assert WhatsAppSession.objects.filter(tenant_id__icontains="sucursal").count() == 1
    assert WhatsAppSession.objects.filter(tenant_id__istartswith="SUCURSAL").count() == 1
    assert WhatsAppSession.objects.filter(tenant_id__iexact="sucursal-norte").count() == 1
    assert WhatsAppSession.objects.filter(tenant_id="sucursal-norte").count() == 0


@pytest.mark.django_db
def test_two_lines_of_one_gateway_may_differ_in_case_alone() -> None:
    one = WhatsAppSessionFactory.create(tenant_id="acme", base_url="http://gw.example/A")
    two = WhatsAppSessionFactory.create(tenant_id="Acme", base_url="http://gw.example/A")
    three = WhatsAppSessionFactory.create(tenant_id="acme", base_url="http://gw.example/a")

    found = WhatsAppSession.objects.get(tenant_id="acme", base_url="http://gw.example/A")

    assert found == one
    assert len({one.pk, two.pk, three.pk}) == 3


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_the_step_keeps_what_the_column_holds_and_may_be_taken_twice_and_back() -> None:
    """Rows from before, as a server had them: compared without case."""
    migration = importlib.import_module("leadmaster.accounts.migrations.0005_identifiers").Migration
    [step] = [one for one in migration.operations if isinstance(one, CompareByteByByte)]
    loader = MigrationLoader(connection)
    before = loader.project_state(("accounts", "0004_role_decides_alone"))
    after = loader.project_state(("accounts", "0005_identifiers"))

    def how_it_compares() -> tuple[str, str, str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT collation_name, is_nullable, column_key FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND table_name = %s AND column_name = 'digest'",
                [ApiToken._meta.db_table],
            )
            return cursor.fetchone()  # type: ignore[no-any-return]

    try:
        with connection.schema_editor() as editor:
            step.database_backwards("accounts", editor, after, before)
        assert how_it_compares()[0].endswith("_ci")
    finally:
        for _ in range(2):
            with connection.schema_editor() as editor:
                step.database_forwards("accounts", editor, before, after)
    assert how_it_compares() == (bytewise(connection), "NO", "UNI")
