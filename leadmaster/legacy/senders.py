"""How each of the three old tables of messages is read."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from campaigns.enums import Ack, EnvioState
from leadmaster.legacy import campaigns, places, values
from leadmaster.legacy.accusations import accuse
from leadmaster.legacy.messages import Messages, Said, clock_of, personal
from leadmaster.legacy.report import WrongCounter
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work

S = EnvioState
_STATES = {
    "pendiente": S.PENDING,
    "enviando": S.UNCERTAIN,
    "procesando": S.UNCERTAIN,
    "enviado": S.SENT,
    "entregado": S.SENT,
    "leido": S.SENT,
    "leído": S.SENT,
    # A person's click, not the gateway's answer: nobody noted who it was.
    "sent_manual": S.HISTORICAL,
    "enviado_manual": S.HISTORICAL,
    "error": S.ERROR,
    "cancelado": S.CANCELLED,
    "incierto": S.UNCERTAIN,
}
_ACKS = {"entregado": Ack.DELIVERED, "leido": Ack.READ, "leído": Ack.READ}
_HALFWAY = frozenset({"enviando", "procesando", "incierto"})


def state_of(word: str | None) -> tuple[str, EnvioState | None, str]:
    """The old word, what it is here, and what is to be said of it."""
    said = values.text(word).lower()
    reason = ""
    if said in _HALFWAY:
        reason = _("El sistema anterior lo dejó «%(state)s»: pudo haber salido.") % {"state": said}
    elif said in {"sent_manual", "enviado_manual"}:
        reason = _("En el sistema anterior alguien lo marcó como enviado a mano.")
    return said, _STATES.get(said), reason


class TenantMessages(Messages):
    """`ll_envios_whatsapp`, where the incident happened."""

    table = "ll_envios_whatsapp"
    campaigns = campaigns.TENANTS

    def accuse(self) -> None:
        templates = self.work.source.rows(campaigns.TENANTS, columns=["mensaje"])
        self._templates = {row.id: values.text(row["mensaje"]) for row in templates}
        self.accused = accuse(
            self.work,
            self.table,
            group="campania_id",
            at="fecha_envio",
            columns=("estado", "message_id", "telefono_wapp", "entregado_at", "leido_at"),
            says_sent=lambda row: values.text(row["estado"]).lower() == "enviado",
            is_proven=self._is_proven,
            names=campaigns.names(self.work, campaigns.TENANTS),
        )
        for row in self.work.source.rows(self.table, columns=["campania_id", "estado"]):
            if row.id in self.accused or values.text(row["estado"]).lower() in _HALFWAY:
                self.work.doubtful[campaigns.TENANTS].add(values.reference(row["campania_id"]) or 0)

    def _is_proven(self, row: Row) -> bool:
        if any(values.text(row[column]) for column in ("message_id", "entregado_at", "leido_at")):
            return True
        at = values.wall_clock(row["fecha_envio"])
        return at is not None and self.work.proofs.about(row["telefono_wapp"], at)

    def read(self, row: Row) -> Said:
        word, state, reason = state_of(row["estado"])
        campaign, name = values.reference(row["campania_id"]), values.text(row["nombre_destino"])
        at, unreadable = clock_of(row["fecha_envio"], self.work)
        delivered, _bad = clock_of(row["entregado_at"], self.work)
        read, _bad = clock_of(row["leido_at"], self.work)
        return Said(
            row=row,
            campaign=campaign,
            phone=row["telefono_wapp"],
            name=name,
            text=personal(values.text(row["mensaje_final"]) or self._templates.get(campaign or 0, ""), name),
            state=state,
            word=word,
            at=at,
            unreadable_date=unreadable,
            message_id=values.text(row["message_id"]),
            delivered_at=delivered,
            read_at=read,
            ack=Ack.READ if read else Ack.DELIVERED if delivered else Ack.NONE,
            reason=reason,
        )

    def variables(self, rows: Sequence[Row]) -> Mapping[int, Mapping[str, str]]:
        wanted = {row.id: place for row in rows if (place := values.reference(row["lugar_id"])) is not None}
        there = self.work.source.rows_of(places.TABLE, "id", sorted(set(wanted.values())))
        told = {place.id: places.told_by(place) for place in there}
        for row in rows:
            if row.id in wanted and wanted[row.id] not in told:
                sentence = _("Su lugar no está: %(id)d.") % {"id": wanted[row.id]}
                self.work.correct(row, "unknown_place", sentence)
        return {row_id: told[place] for row_id, place in wanted.items() if place in told}


class PromoterMessages(Messages):
    """`wa_mensajes`, which kept the gateway's ids."""

    table = "wa_mensajes"
    campaigns = campaigns.PROMOTERS

    def accuse(self) -> None:
        self.accused = accuse(
            self.work,
            self.table,
            group="campana_id",
            at="enviado_at",
            columns=("estado", "message_id", "entregado_at", "leido_at"),
            says_sent=lambda row: state_of(row["estado"])[1] is S.SENT,
            is_proven=lambda row: any(values.text(row[name]) for name in ("message_id", "entregado_at", "leido_at")),
            names=campaigns.names(self.work, campaigns.PROMOTERS),
        )
        self._recount()

    def read(self, row: Row) -> Said:
        word, state, reason = state_of(row["estado"])
        at, unreadable = clock_of(row["enviado_at"], self.work)
        delivered, _bad = clock_of(row["entregado_at"], self.work)
        read, _bad = clock_of(row["leido_at"], self.work)
        if state is S.SENT and word in _ACKS and not values.text(row["message_id"]):
            reason = _("Consta como «%(state)s».") % {"state": word}
        return Said(
            row=row,
            campaign=values.reference(row["campana_id"]),
            phone=row["telefono"],
            name="",
            text=values.text(row["mensaje_texto"]),
            state=state,
            word=word,
            at=at or delivered or read,
            unreadable_date=unreadable,
            message_id=values.text(row["message_id"]),
            delivered_at=delivered,
            read_at=read,
            ack=_ACKS.get(word, Ack.NONE),
            reason=reason,
        )

    def _recount(self) -> None:
        """What the campaigns say of their messages was counted up several times for one acknowledgement."""
        counted: dict[int, dict[str, int]] = {}
        for row in self.work.source.rows(self.table, columns=["campana_id", "estado"]):
            campaign, word = values.reference(row["campana_id"]) or 0, values.text(row["estado"]).lower()
            counts = counted.setdefault(campaign, dict.fromkeys(_COUNTERS, 0))
            for field, words in _COUNTERS.items():
                counts[field] += not words or word in words
            if row.id in self.accused or word in _HALFWAY:
                self.work.doubtful[campaigns.PROMOTERS].add(campaign)
        for row in self.work.source.rows(campaigns.PROMOTERS):
            for field, number in counted.get(row.id, dict.fromkeys(_COUNTERS, 0)).items():
                said = _number(row[field])
                if said is not None and said != number:
                    self.work.report.counters.append(
                        WrongCounter(table=campaigns.PROMOTERS, id=row.id, field=field, said=said, counted=number)
                    )


# Which messages each old counter means; the first means all.
_COUNTERS: Mapping[str, frozenset[str]] = {
    "total": frozenset(),
    "enviados": frozenset({"enviado", "entregado", "leido"}),
    "entregados": frozenset({"entregado", "leido"}),
    "leidos": frozenset({"leido"}),
    "errores": frozenset({"error"}),
}


def _number(cell: str | None) -> int | None:
    try:
        return values.number(cell)
    except values.Unreadable:
        return None


class QueueMessages(Messages):
    """`cola_envios`: jobs that several workers took at once. What each of them sent is in `envios_whatsapp`."""

    table = "cola_envios"
    campaigns = campaigns.QUEUES

    def accuse(self) -> None:
        self.sends = self.work.sends
        self.accused = accuse(
            self.work,
            self.table,
            group="sesion_id",
            at="fecha_proceso",
            columns=("estado", "telefono"),
            says_sent=lambda row: state_of(row["estado"])[1] is S.SENT,
            is_proven=lambda row: row.id in self.sends.of_job,
            names={},
        )
        self.work.doubtful[self.table] = {
            values.reference(row["sesion_id"]) or 0
            for row in self.work.source.rows(self.table, columns=["sesion_id"])
            if row.id in self.accused
        }

    def read(self, row: Row) -> Said:
        word, state, reason = state_of(row["estado"])
        at, unreadable = clock_of(row["fecha_proceso"], self.work)
        sends = self.sends.of_job.get(row.id, [])
        if len(sends) > 1:
            copies = _("Salió %(copies)d veces.") % {"copies": len(sends)}
            reason = f"{reason} {copies}".strip()
        proof = next((send for send in sends if send.message_id and send.at), None)
        return Said(
            row=row,
            campaign=values.reference(row["sesion_id"]) or 0,
            phone=row["telefono"],
            name="",
            text=values.text(row["mensaje"]),
            state=state,
            word=word,
            at=proof.at.replace(tzinfo=self.work.tz) if proof is not None and proof.at is not None else at,
            unreadable_date=unreadable,
            message_id=proof.message_id if proof is not None else "",
            reason=reason,
        )


def take_sends(work: Work) -> None:
    """Each line of `envios_whatsapp` is part of its job, which has come in."""
    for batch in work.batches("envios_whatsapp"):
        found: dict[int, int] = {}
        for row in batch:
            job = work.sends.job_of.get(row.id)
            if job in work.links["cola_envios"] and job is not None:
                found[row.id] = work.links["cola_envios"][job]
            else:
                work.refuse(row, "unknown_job", _("No se sabe qué mensaje fue: su trabajo de la cola no está."))
        rows = [row for row in batch if row.id in found]
        work.write(rows, functools.partial(dict[int, int], found))
