"""Opportunities, with their history and their sale. Nothing stays invisible.

The old desk made what went back to the pool inactive, and then nobody saw it any more: neither its promoter, nor the
supervisor's inbox, nor any draw. Those land in the pool here; exits that no inbox showed land in the inbox.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import functools
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from leadmaster.directory.models import Client, shard_of
from leadmaster.legacy import values
from leadmaster.legacy.people import team_of
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work
from opportunities.enums import OPEN, WORKING, EventKind, OpportunityState, Origin, StageType
from opportunities.models import Lot, Opportunity, Promoter, Sale, Stage
from opportunities.state import adoption

TABLE, HISTORY, SALES = "oportunidades", "historial", "ventas"
S = OpportunityState
# Of two open ones of one client the surer stays open.
_RANK = (S.POOL, S.EXIT, S.ACTIVE)
_MOST = decimal.Decimal("999999999999.99")


@dataclasses.dataclass(frozen=True)
class _Sale:
    row: Row
    amount: decimal.Decimal
    at: dt.datetime | None


@dataclasses.dataclass(frozen=True)
class _Decided:
    row: Row
    state: OpportunityState
    client: str
    owner: int | None
    stage: int | None
    lot: int | None
    created_at: dt.datetime
    invisible: bool
    why: str = ""


class Opportunities:
    def __init__(self, work: Work, types: Mapping[int, StageType], clients: str) -> None:
        self.work = work
        self.types = types
        self.clients = clients
        self.users = work.links["usuarios"]
        self.lot_owners = {
            row.id: values.reference(row["usuario_id"]) for row in work.source.rows("lotes", columns=["usuario_id"])
        }
        # Whoever left has work all the same: it is told, and `reconcile` gives it to the pool.
        self.gone = {
            row.id
            for row in work.source.rows("usuarios", columns=["activo"])
            if row["activo"] is not None and not values.truth(row["activo"])
        }
        self.sales: dict[int, _Sale] = {}
        self.with_history: set[int] = set()
        self.with_sale: set[int] = set()

    def take(self) -> None:
        self._read_sales()
        holders = self._holders()
        for batch in self.work.batches(TABLE):
            history = self._history([row.id for row in batch])
            held = self._held_here([self._client(row) for row in batch])
            decided = [self._placed(self._decided(row, history.get(row.id, [])), holders, held) for row in batch]
            for one in decided:
                self._tell(one)
            lines = {row_id: rows for row_id, rows in history.items() if any(row.id == row_id for row in batch)}
            sales = [self.sales[one.row.id] for one in decided if one.state is S.WON]
            self.work.write(batch, functools.partial(self._write, decided, lines, sales))
            self._count(HISTORY, [row for rows in lines.values() for row in rows], self.with_history)
            self._count(SALES, [sale.row for sale in sales], self.with_sale)
        self._leftovers()

    # --- Deciding -----------------------------------------------------------------------------------------------------

    def _read_sales(self) -> None:
        """The first readable sale of each opportunity."""
        for row in self.work.source.rows(SALES):
            opportunity = values.reference(row["oportunidad_id"])
            if opportunity is None or opportunity in self.sales:
                continue
            try:
                amount = values.amount(row["monto"])
            except values.Unreadable:
                continue
            if amount is not None and 0 <= amount <= _MOST:
                self.sales[opportunity] = _Sale(row, amount, self._moment(row["fecha"]))

    def _holders(self) -> dict[str, int]:
        """Of each client, the open opportunity that stays so."""
        best: dict[str, tuple[int, int]] = {}
        for row in self.work.source.rows(TABLE):
            one = self._decided(row, [])
            if one.state in OPEN:
                standing = (_RANK.index(one.state), row.id)
                best[one.client] = max(best.get(one.client, standing), standing)
        return {client: row_id for client, (_rank, row_id) in best.items()}

    def _held_here(self, clients: Iterable[str]) -> set[str]:
        """Who of these is worked here already."""
        found = Opportunity.objects.filter(open_client__source=self.clients, open_client__external_id__in=list(clients))
        return set(found.values_list("open_client__external_id", flat=True))

    def _decided(self, row: Row, history: Sequence[Row]) -> _Decided:
        owner = values.reference(row["usuario_id"])
        owner = owner if owner in self.users else None
        stage = values.reference(row["etapa_id"])
        stage = stage if stage in self.types else None
        lot = values.reference(row["lote_id"])
        lot = lot if lot in self.work.links["lotes"] else None
        seller = owner or self._last_hands(history) or self._lot_owner(lot)
        state, invisible, why = self._state(row, owner=owner, stage=stage, seller=seller)
        return _Decided(
            row=row,
            state=state,
            client=self._client(row),
            owner=seller if state is S.WON else owner,
            stage=stage,
            lot=lot,
            created_at=self._moment(row["created_at"]) or self.work.now,
            invisible=invisible,
            why=why,
        )

    def _state(
        self, row: Row, *, owner: int | None, stage: int | None, seller: int | None
    ) -> tuple[OpportunityState, bool, str]:
        """Where it lands, whether nobody saw it before, and what is to be said of it."""
        kind = self.types.get(stage or 0)
        active = values.truth(row["activo"])
        resting = S.EXIT if owner is not None else S.POOL
        if row.id in self.sales and seller is not None:
            return S.WON, False, "" if kind is StageType.SALE else _("Tiene una venta: entra como ganada.")
        if kind is StageType.SALE:
            return resting, False, _("Estaba en la etapa de venta y no tiene ninguna: la decide un supervisor.")
        if kind is StageType.LOST:
            return S.LOST, False, ""
        if kind is StageType.EXIT:
            return resting, False, "" if active else _("Su salida no la mostraba ninguna bandeja.")
        if not active:
            return S.POOL, True, _("Nadie la veía: inactiva y sin decisión.")
        if owner is not None and not any(known in WORKING for known in self.types.values()):
            return S.POOL, False, _("Ninguna etapa es de trabajo: espera en el pool.")
        return (S.ACTIVE if owner is not None else S.POOL), False, ""

    def _placed(self, one: _Decided, holders: Mapping[str, int], held: set[str]) -> _Decided:
        """A client is held by one open opportunity."""
        if one.state not in OPEN or (one.client not in held and holders.get(one.client, one.row.id) == one.row.id):
            return one
        other = _("otra de aquí") if one.client in held else f"#{holders[one.client]}"
        why = _("Su cliente se trabaja en otra oportunidad (%(other)s): entra cerrada.") % {"other": other}
        return dataclasses.replace(one, state=S.LOST, invisible=False, why=why)

    def _tell(self, one: _Decided) -> None:
        row, work = one.row, self.work
        work.report.states[TABLE][one.state.value] += 1
        if one.invisible:
            work.report.invisible.append(row.id)
        elif one.why:
            work.correct(row, "placed", one.why)
        if one.owner in self.gone and one.state is S.ACTIVE:
            work.correct(
                row, "owner_gone", _("Su promotor ya no entra al sistema: `reconcile --apply` la devuelve al pool.")
            )
        if values.reference(row["usuario_id"]) not in {None, *self.users}:
            work.correct(row, "unknown_user", _("Su promotor no está: %(id)s.") % {"id": row["usuario_id"]})
        if values.reference(row["etapa_id"]) not in {None, *self.types}:
            work.correct(row, "unknown_stage", _("Su etapa no está: %(id)s.") % {"id": row["etapa_id"]})
        if values.reference(row["cliente_id"]) is None:
            work.correct(row, "no_client", _("No dice quién es el cliente: entra con uno sin datos."))

    def _client(self, row: Row) -> str:
        """Its id in the base of clients."""
        known = values.reference(row["cliente_id"])
        return str(known) if known is not None else f"oportunidad-{row.id}"

    def _last_hands(self, history: Sequence[Row]) -> int | None:
        hands = [user for row in history if (user := values.reference(row["usuario_id"])) in self.users]
        return hands[-1] if hands else None

    def _lot_owner(self, lot: int | None) -> int | None:
        owner = self.lot_owners.get(lot or 0)
        return owner if owner in self.users else None

    def _history(self, ids: Sequence[int]) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in self.work.source.rows_of(HISTORY, "oportunidad_id", ids):
            found.setdefault(values.reference(row["oportunidad_id"]) or 0, []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: (values.text(row["fecha"]), row.id))
        return found

    def _moment(self, cell: str | None) -> dt.datetime | None:
        try:
            return values.moment(cell, self.work.tz)
        except values.Unreadable:
            return None

    # --- What is left over --------------------------------------------------------------------------------------------

    def _count(self, table: str, rows: Sequence[Row], taken: set[int]) -> None:
        taken |= {row.id for row in rows}
        self.work.report.tables[table].taken += len(rows)

    def _leftovers(self) -> None:
        for table, taken in ((HISTORY, self.with_history), (SALES, self.with_sale)):
            for batch in self.work.batches(table, just_taken=taken):
                for row in batch:
                    self._refuse(row)

    def _refuse(self, row: Row) -> None:
        opportunity = values.reference(row["oportunidad_id"])
        if opportunity not in self.work.links[TABLE]:
            sentence = _("Su oportunidad no está: %(id)s.") % {"id": row["oportunidad_id"]}
            self.work.refuse(row, "unknown_opportunity", sentence)
        elif row.table == HISTORY:
            self.work.refuse(row, "too_late", _("Su oportunidad entró en una importación anterior."))
        elif opportunity in self.sales and self.sales[opportunity].row.id != row.id:
            self.work.refuse(row, "second_sale", _("Su oportunidad ya tiene una venta."))
        elif opportunity in self.sales:
            self.work.refuse(row, "no_seller", _("No se sabe quién vendió, o su oportunidad había entrado antes."))
        else:
            self.work.refuse(row, "amount", _("El monto no se puede leer: %(amount)s.") % {"amount": row["monto"]})

    # --- Writing ------------------------------------------------------------------------------------------------------

    def _write(
        self, decided: Sequence[_Decided], history: Mapping[int, Sequence[Row]], sales: Sequence[_Sale]
    ) -> dict[int, int]:
        hands = self._hands()
        stages = Stage.objects.in_bulk(self.work.links["etapas"].values())
        lots = Lot.objects.in_bulk([self.work.links["lotes"][one.lot] for one in decided if one.lot is not None])
        clients = self._clients([one.client for one in decided])
        made: dict[int, int] = {}
        for one in decided:
            lot = lots[self.work.links["lotes"][one.lot]] if one.lot is not None else None
            writer = _Writer(self, one, hands, stages, lot)
            row = adoption.adopt(writer.past(clients[one.client], history.get(one.row.id, ())), now=self.work.now)
            made[one.row.id] = row.pk
            if one.state is S.WON:
                self._sell(row, self.sales[one.row.id])
        lines = [row for rows in history.values() for row in rows]
        parents = {row.id: made[values.reference(row["oportunidad_id"]) or 0] for row in lines}
        self.work.remember(lines, parents)
        sold = {sale.row.id: made[values.reference(sale.row["oportunidad_id"]) or 0] for sale in sales}
        self.work.remember([sale.row for sale in sales], sold)
        return made

    def _hands(self) -> dict[int, Promoter]:
        """The promoter of each old user who is one."""
        users = {target: old for old, target in self.users.items()}
        found = Promoter.objects.filter(user__in=users).select_related("user", "desk__team")
        return {users[promoter.user_id]: promoter for promoter in found}

    def _clients(self, external_ids: Sequence[str]) -> dict[str, Client]:
        """The clients of the base, made where it was not synchronised yet: the next one fills them in."""
        rows = Client.objects.filter(source=self.clients, external_id__in=external_ids)
        missing = set(external_ids) - set(rows.values_list("external_id", flat=True))
        Client.objects.bulk_create(
            Client(
                source=self.clients,
                external_id=external_id,
                shard=shard_of(external_id),
                created_at=self.work.now,
                updated_at=self.work.now,
            )
            for external_id in sorted(missing)
        )
        return {client.external_id: client for client in rows.all()}

    def _sell(self, row: Opportunity, sale: _Sale) -> None:
        if row.owner is None:
            raise ValueError("a sale is somebody's")
        Sale.objects.create(
            opportunity=row,
            promoter=row.owner,
            amount=sale.amount,
            at=sale.at or row.state_since,
            by=row.owner.user,
            reference=_("Sistema anterior #%(id)d") % {"id": sale.row.id},
        )


class _Writer:
    """One opportunity in the words of its door."""

    def __init__(
        self,
        all_: Opportunities,
        one: _Decided,
        hands: Mapping[int, Promoter],
        stages: Mapping[int, Stage],
        lot: Lot | None,
    ) -> None:
        self._all = all_
        self._one = one
        self._hands = hands
        self._stages = stages
        self._lot = lot
        self._owner = hands.get(one.owner or 0)

    def past(self, client: Client, history: Sequence[Row]) -> adoption.PastOpportunity:
        one = self._one
        stage = self._stage_of(one.stage)
        if one.state is S.ACTIVE and stage is None:
            stage = self._first_stage()
        if one.state is S.WON and (stage is None or stage.type != StageType.SALE):
            stage = next((found for found in self._stages.values() if found.type == StageType.SALE), stage)
        return adoption.PastOpportunity(
            client=client,
            state=one.state,
            created_at=one.created_at,
            team=self._owner.desk.team if self._owner is not None else team_of(self._all.work),
            owner=self._owner,
            stage=stage,
            lot=self._lot,
            origin=Origin.DRAW if values.reference(one.row["cliente_id"]) else Origin.CAPTURE,
            exit_reason=one.why if one.state in (S.EXIT, S.LOST) else "",
            events=[self._assigned(), *map(self._line, history), self._imported(stage)],
        )

    def _stage_of(self, old: int | None) -> Stage | None:
        return self._stages.get(self._all.work.links["etapas"].get(old or 0, 0))

    def _first_stage(self) -> Stage | None:
        working = [stage for stage in self._stages.values() if stage.type in WORKING]
        return min(working, key=lambda stage: (stage.type != StageType.INITIAL, stage.order), default=None)

    def _assigned(self) -> adoption.PastEvent:
        owner = self._lot.promoter if self._lot is not None else self._owner
        return adoption.PastEvent(
            kind=EventKind.ASSIGNED,
            at=self._one.created_at,
            to_state=S.ACTIVE,
            by=owner.user if owner is not None else None,
            to_owner=owner,
        )

    def _line(self, row: Row) -> adoption.PastEvent:
        target = self._stage_of(values.reference(row["etapa_nueva_id"]))
        state, kind = _KINDS.get(StageType(target.type), _MOVED) if target is not None else _POOLED
        by = self._hands.get(values.reference(row["usuario_id"]) or 0)
        return adoption.PastEvent(
            kind=kind,
            at=self._all._moment(row["fecha"]) or self._one.created_at,
            to_state=state,
            by=by.user if by is not None else None,
            from_stage=self._stage_of(values.reference(row["etapa_anterior_id"])),
            to_stage=target,
            to_owner=None if state is S.POOL else self._owner,
            data={"legacy": {"table": HISTORY, "id": row.id}},
        )

    def _imported(self, stage: Stage | None) -> adoption.PastEvent:
        """The last line: where it stands here, and why."""
        row, is_pooled = self._one.row, self._one.state is S.POOL
        reason = _("Vino del sistema anterior (#%(id)d).") % {"id": row.id}
        return adoption.PastEvent(
            kind=EventKind.NOTE,
            at=self._all.work.now,
            to_state=self._one.state,
            by=self._all.work.author,
            to_stage=None if is_pooled else stage,
            to_owner=None if is_pooled else self._owner,
            reason=f"{reason} {self._one.why}".strip(),
            data={"legacy": {"table": TABLE, "id": row.id, "timer_vence": row["timer_vence"]}},
        )


_MOVED = (S.ACTIVE, EventKind.MOVED)
_POOLED = (S.POOL, EventKind.POOLED)
_KINDS = {
    StageType.EXIT: (S.EXIT, EventKind.EXITED),
    StageType.SALE: (S.WON, EventKind.SOLD),
    StageType.LOST: (S.LOST, EventKind.CLOSED),
}
