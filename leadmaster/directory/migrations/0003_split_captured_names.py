"""Captured clients got their whole name in one field, where nobody finds them by their surname."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from leadmaster.directory.names import split_name

_BATCH = 500


def split(apps: Any, _editor: Any) -> None:
    client = apps.get_model("directory", "Client")
    last = 0
    while True:
        rows = list(client.objects.filter(source="captacion", last_names="", pk__gt=last).order_by("pk")[:_BATCH])
        if not rows:
            return
        last = rows[-1].pk
        for row in rows:
            name, last_names = split_name(row.name)
            row.name, row.last_names = name[:160], last_names[:160]
        client.objects.bulk_update(rows, ["name", "last_names"])


class Migration(migrations.Migration):
    dependencies = [("directory", "0002_suppression_lift")]
    operations = [migrations.RunPython(split, migrations.RunPython.noop, elidable=True)]
