"""Addresses that were stored before there was one way to write them.

Two rows that turn out to be one line keep the older one; the younger one is cut off from the gateway and says why.
"""

import re

from django.db import migrations
from django.utils import timezone

from whatsapp.addresses import AddressRefused, stored

_TOLD = (
    "Era la misma línea que otra sesión, escrita de otra forma. Solo queda la más antigua: "
    "un administrador escribe aquí la dirección de otro gateway."
)


def _canonical(text):
    # A name and password in the address were never sent; the token is what the gateway asks for.
    return stored(re.sub(r"^([A-Za-z]+://)[^/@]*@", r"\1", text))


def write_one_way(apps, schema_editor):
    sessions = apps.get_model("whatsapp", "WhatsAppSession").objects.using(schema_editor.connection.alias)
    taken = set()
    for row in sessions.order_by("id").only("id", "gateway", "tenant_id", "base_url", "paused_at"):
        try:
            address = _canonical(row.base_url)
        except AddressRefused:
            address = row.base_url
        line = (row.gateway, row.tenant_id.lower(), address)
        if line not in taken:
            taken.add(line)
            if address != row.base_url:
                sessions.filter(pk=row.pk).update(base_url=address)
            continue
        # ".invalid" leads nowhere, by RFC 2606: nobody pairs or disconnects somebody else's line meanwhile.
        sessions.filter(pk=row.pk).update(
            base_url=f"http://repetida-{row.pk}.invalid",
            token="",
            webhook_secret="",
            paused_at=row.paused_at or timezone.now(),
            trouble=_TOLD,
        )


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0002_canonical_address")]

    operations = [migrations.RunPython(write_one_way, migrations.RunPython.noop, elidable=True)]
