"""After a test that committed nothing is left of it, whoever wrote it, and the rest is as the migrations left it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.ops.models import Heartbeat
from tests.emptying import KEPT, empty, filled
from tests.factories.campaigns import EnvioFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_table_that_was_filled_is_emptied() -> None:
    EnvioFactory()
    assert {"campaigns_envio", "campaigns_campaign", User._meta.db_table} <= set(filled(connection))

    empty(connection)

    assert filled(connection) == []
    assert not User.objects.exists()
    empty(connection)


def test_what_somebody_else_committed_is_seen() -> None:
    def beat() -> None:
        Heartbeat.objects.create(name="elsewhere", at=timezone.now())
        connection.close()

    with ThreadPoolExecutor(1) as other:
        other.submit(beat).result()
    assert filled(connection) == [Heartbeat._meta.db_table]

    empty(connection)

    assert filled(connection) == []


def test_content_types_and_permissions_stay_as_they_are() -> None:
    types, permissions = list(ContentType.objects.values()), list(Permission.objects.values())
    assert types
    assert permissions

    empty(connection)

    assert list(ContentType.objects.values()) == types
    assert list(Permission.objects.values()) == permissions
    assert {"django_content_type", "auth_permission"} == KEPT
