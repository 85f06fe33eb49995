"""Addresses from before there was one way to write them: what the migration makes of them."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import connection, models
from pytest_django import Settings

from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession

migration = importlib.import_module("whatsapp.migrations.0003_one_address_per_gateway")


def _as_it_was(tenant_id: str, base_url: str) -> WhatsAppSession:
    """A row whose address went in unread, with secrets."""
    row: WhatsAppSession = WhatsAppSessionFactory.create(
        tenant_id=tenant_id, base_url=f"http://{WhatsAppSession.objects.count()}.example", token="t", webhook_secret="w"
    )
    raw = models.Value(base_url, output_field=models.TextField())
    WhatsAppSession.objects.filter(pk=row.pk).update(base_url=raw)
    return row


@pytest.mark.django_db
def test_rows_are_written_one_way_and_the_second_session_of_a_line_is_cut_off(settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://localhost:3011"
    first = _as_it_was("51", "")
    alias = _as_it_was("51", "http://LOCALHOST:3011/")
    slash = _as_it_was("52", "http://GW.example:80/")
    other = _as_it_was("51", "https://user:pw@gw.example/")
    odd = _as_it_was("53", "gopher://viejo")
    assert WhatsAppSession.objects.get(pk=alias.pk).base_url == "http://LOCALHOST:3011/"

    migration.write_one_way(apps, type("Editor", (), {"connection": connection}))

    def kept(row: WhatsAppSession) -> tuple[str, str, bool]:
        row.refresh_from_db()
        return row.base_url, row.token, row.paused_at is not None

    assert kept(first) == ("", "t", False)
    assert kept(alias) == (f"http://repetida-{alias.pk}.invalid", "", True)
    assert "más antigua" in alias.trouble
    assert kept(slash) == ("http://gw.example", "t", False)
    assert kept(other) == ("https://gw.example", "t", False)
    assert kept(odd) == ("gopher://viejo", "t", False)
