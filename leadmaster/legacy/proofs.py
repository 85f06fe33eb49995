"""What proves that a message left: an id, an acknowledgement, or a table of what was sent that names its phone."""

from __future__ import annotations

import bisect
import collections
import datetime as dt

from leadmaster.legacy import values
from leadmaster.legacy.phones import telling_digits
from leadmaster.legacy.source import Source

# Two tables of one server write about one message within so much time.
_SAME_MESSAGE = dt.timedelta(minutes=10)
ARRIVED = frozenset({"ENVIADO", "ENTREGADO", "LEIDO"})


class Proofs:
    """Of the whole old database, asked by phone and time. Holds a time for each proven message."""

    def __init__(self, source: Source) -> None:
        self._times: dict[str, list[dt.datetime]] = collections.defaultdict(list)
        self.looked_in = tuple(table for table in ("envios_whatsapp", "wa_mensajes") if source.has(table))
        for row in source.rows("envios_whatsapp", columns=["telefono", "fecha_envio"]):
            self._add(row["telefono"], row["fecha_envio"])
        wanted = ["telefono", "estado", "message_id", "enviado_at", "entregado_at", "leido_at"]
        for row in source.rows("wa_mensajes", columns=wanted):
            # What has neither an id nor an acknowledgement proves nothing, not even itself.
            acknowledged = values.text(row["entregado_at"]) or values.text(row["leido_at"])
            if values.text(row["estado"]).upper() in ARRIVED and (values.text(row["message_id"]) or acknowledged):
                self._add(row["telefono"], row["enviado_at"] or row["entregado_at"])
        for times in self._times.values():
            times.sort()

    def _add(self, phone: str | None, at: str | None) -> None:
        try:
            clock = values.wall_clock(at)
        except values.Unreadable:
            return
        if clock is not None and (digits := telling_digits(phone)):
            self._times[digits].append(clock)

    def about(self, phone: str | None, at: dt.datetime) -> bool:
        times = self._times.get(telling_digits(phone), ())
        place = bisect.bisect_left(times, at - _SAME_MESSAGE)
        return place < len(times) and times[place] <= at + _SAME_MESSAGE
