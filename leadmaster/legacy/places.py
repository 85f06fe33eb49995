"""Places: whom the old campaigns wrote to. They are kept in the directory, and nobody draws them."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from leadmaster.directory.models import Client, ContactPoint, shard_of
from leadmaster.legacy import phones, values
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work

TABLE = "ll_lugares"
# What an envío says of its place: columns of its campaign, as a file would have brought them.
COLUMNS = ("lugar", "ciudad", "rubro")
_LABEL = "WhatsApp"


def take(work: Work) -> None:
    for batch in work.batches(TABLE):
        for row in batch:
            doubt = phones.read(row["telefono_wapp"], work.region).doubt
            if doubt:
                work.correct(row, "phone", doubt)
        work.write(batch, functools.partial(_write, batch, work))


def told_by(row: Row) -> dict[str, str]:
    """Of a place's row, for a message to it."""
    told = {"lugar": row["nombre"], "ciudad": row["ciudad"], "rubro": row["rubro"]}
    return {name: values.text(cell) for name, cell in told.items() if values.text(cell)}


def _write(rows: Sequence[Row], work: Work) -> dict[int, int]:
    source = f"{work.report.source}-lugares"[:32]
    Client.objects.bulk_create(
        Client(
            source=source,
            external_id=str(row.id),
            shard=shard_of(str(row.id)),
            name=values.text(row["nombre"])[:160],
            city=values.text(row["ciudad"])[:80],
            client_type=values.text(row["rubro"])[:40],
            # Its source is gone for good: found by name and phone, never drawn.
            gone_at=work.now,
            created_at=work.now,
            updated_at=work.now,
        )
        for row in rows
    )
    ids = [str(row.id) for row in rows]
    made = dict(Client.objects.filter(source=source, external_id__in=ids).values_list("external_id", "pk"))
    ContactPoint.objects.bulk_create(
        contact for row in rows if (contact := _contact(row, made[str(row.id)], work)) is not None
    )
    return {row.id: made[str(row.id)] for row in rows}


def _contact(row: Row, client_id: int, work: Work) -> ContactPoint | None:
    raw = values.text(row["telefono_wapp"])
    if not raw:
        return None
    phone = phones.read(raw, work.region)
    return ContactPoint(
        client_id=client_id,
        kind=ContactPoint.Kind.PHONE,
        label=_LABEL,
        raw=raw[:160],
        normalised="" if phone.doubt else phone.e164,
        is_primary=True,
        is_valid=not phone.doubt,
    )
