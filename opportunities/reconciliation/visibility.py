"""Opportunities that are in nobody's list, or in one where they have no business (I11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from leadmaster.directory.models import Client
from leadmaster.ops.reconciliation.check import Finding
from opportunities.clocks.setting import as_it_is, entering
from opportunities.enums import CLOSED, OPEN, WORKING, EventKind, OpportunityState, Origin
from opportunities.models import Lot, Opportunity, OpportunityEvent, Promoter, Stage
from opportunities.querysets import OpportunityQuerySet
from opportunities.reconciliation.check import OpportunityCheck, take
from opportunities.state import machine, withdrawal

S = OpportunityState


class Invisible(OpportunityCheck):
    """In no list: active and nobody's or in no stage, or in a state that does not exist."""

    name = "opportunities.invisible"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        homeless = Q(state=S.ACTIVE) & (Q(owner__isnull=True) | Q(stage__isnull=True))
        return rows.filter(homeless | ~Q(state__in=S.values)).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Está «%(state)s» y no aparece en ninguna lista: ni de un promotor, ni de la bandeja, ni del pool.")
            % {"state": row.get_state_display()},
            repair=_("Se cierra: su cliente ya está en otra.") if _others(row) else _("Vuelve al pool."),
            state=row.state,
            owner=row.owner_id,
            stage=row.stage_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        withdrawal.withdraw_of([row], by=None, now=now, reason=finding.what)
        machine.put_right(row, S.LOST if _others(row) else S.POOL, now=now, reason=finding.what)


class PooledButOwned(OpportunityCheck):
    """In the pool, where anybody draws it, and somebody's all the same; or out of work with a clock that runs."""

    name = "opportunities.left_over"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        clock = Q(deadline__isnull=False) | Q(paused_seconds__isnull=False)
        owned = Q(state=S.POOL, owner__isnull=False)
        both = Q(state=S.ACTIVE, deadline__isnull=False, paused_seconds__isnull=False)
        idle = Q(state__in=[state for state in S if state is not S.ACTIVE])
        return rows.filter(owned | (idle & clock) | both).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Está «%(state)s» y conserva un dueño o un plazo que ya no le tocan.")
            % {"state": row.get_state_display()},
            repair=_("Se le quitan."),
            state=row.state,
            owner=row.owner_id,
            deadline=row.deadline,
            paused_seconds=row.paused_seconds,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        clock = as_it_is(row) if row.state == S.ACTIVE else None
        machine.put_right(row, S(row.state), now=now, reason=finding.what, clock=clock)


class StageWithoutWork(OpportunityCheck):
    """Active in a stage in which nobody works: no step leads out of it."""

    name = "opportunities.stage"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        ended = Stage.objects.exclude(type__in=WORKING)
        return rows.filter(state=S.ACTIVE, owner__isnull=False, stage__in=ended).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Está activa en «%(stage)s», una etapa en la que no se trabaja: nadie la puede mover.")
            % {"stage": row.stage},
            repair=_("Vuelve a la primera etapa, con su plazo entero."),
            stage=row.stage_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        if row.owner is None:
            raise ValueError("an active opportunity has an owner")
        stage, clock = entering(None, row.owner, now=now)
        machine.put_right(row, S.ACTIVE, now=now, reason=finding.what, clock=clock, stage=stage, stage_since=now)


class OwnerGone(OpportunityCheck):
    """Active in the hands of somebody who can't sign in any more: nobody is working it."""

    name = "opportunities.owner_gone"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        gone = Promoter.objects.filter(user__is_active=False)
        return rows.filter(state=S.ACTIVE, owner__in=gone).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Es de %(who)s, que ya no entra al sistema: nadie la trabaja.") % {"who": row.owner},
            repair=_("Vuelve al pool."),
            owner=row.owner_id,
            deadline=row.deadline,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        withdrawal.withdraw_of([row], by=None, now=now, reason=finding.what)
        machine.change([row], S.POOL, kind=EventKind.RECONCILED, now=now, by=None, reason=finding.what)


class ClientHeldWrongly(OpportunityCheck):
    """Open without holding its client, so that another one may be opened for it; or closed and holding it still (I7)."""

    name = "opportunities.held"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        other = Opportunity.objects.filter(client=OuterRef("client"), state__in=OPEN).exclude(pk=OuterRef("pk"))
        loose = Q(state__in=OPEN) & (Q(open_client__isnull=True) | ~Q(open_client=F("client"))) & ~Exists(other)
        clinging = Q(state__in=CLOSED, open_client__isnull=False)
        return rows.filter(loose | clinging).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        is_open = row.state in OPEN
        return self.found(
            row.pk,
            _("Está abierta y no reserva a su cliente: otra persona podría recibirlo.")
            if is_open
            else _("Está cerrada y todavía reserva a su cliente: nadie más lo puede recibir."),
            repair=_("Lo reserva.") if is_open else _("Lo libera."),
            state=row.state,
            client=row.client_id,
            holds=row.open_client_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        clock = as_it_is(row) if row.state == S.ACTIVE else None
        machine.put_right(row, S(row.state), now=now, reason=finding.what, clock=clock)


class OpenTwice(OpportunityCheck):
    """Its client has another open opportunity, which came first or is being worked (I7)."""

    name = "opportunities.twice"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        others = Opportunity.objects.filter(client=OuterRef("client"), state__in=OPEN)
        suspects = rows.filter(Exists(others.exclude(pk=OuterRef("pk"))), state__in=OPEN)
        return [row.pk for row in suspects if _keeper(row.client_id) != row.pk]

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Su cliente tiene otra oportunidad abierta, la #%(other)d.") % {"other": _keeper(row.client_id)},
            # What somebody has in hand is not taken from them by a rule.
            repair=_("Se cierra: sigue la otra.") if row.state == S.POOL else "",
            state=row.state,
            owner=row.owner_id,
            client=row.client_id,
            other=_keeper(row.client_id),
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        machine.put_right(take(finding.subject), S.LOST, now=now, reason=finding.what, exit_reason=finding.what[:300])


class Dangling(OpportunityCheck):
    """Its client or its lot is not in the database any more."""

    name = "opportunities.dangling"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        client = ~Exists(Client.objects.filter(pk=OuterRef("client_id")))
        lot = Q(lot_id__isnull=False) & ~Exists(Lot.objects.filter(pk=OuterRef("lot_id")))
        return rows.filter(Q(client) | lot).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        orphan = not Client.objects.filter(pk=row.client_id).exists()
        closes = _("Se cierra: no hay a quién llamar.") if row.state in OPEN else ""
        return self.found(
            row.pk,
            _("Su cliente #%(id)d no existe.") % {"id": row.client_id}
            if orphan
            else _("Su lote #%(id)d no existe.") % {"id": row.lot_id or 0},
            repair=closes if orphan else _("Queda sin lote."),
            client=row.client_id,
            lot=row.lot_id,
            orphan=orphan,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        row = take(finding.subject)
        lot = {} if row.lot_id is None or Lot.objects.filter(pk=row.lot_id).exists() else {"lot": None}
        target = S.LOST if finding.evidence["orphan"] else S(row.state)
        clock = as_it_is(row) if target is S.ACTIVE else None
        machine.put_right(row, target, now=now, reason=finding.what, clock=clock, **lot)


class CapturedByNobody(OpportunityCheck):
    """Says that a promoter brought this client, and no line of its history says who."""

    name = "opportunities.captured"

    def wrong(self, rows: OpportunityQuerySet, *, now: dt.datetime) -> Iterable[int]:
        told = OpportunityEvent.objects.filter(opportunity=OuterRef("pk"), kind=EventKind.CAPTURED, by__isnull=False)
        return rows.filter(~Exists(told), origin=Origin.CAPTURE).values_list("pk", flat=True)

    def describe(self, row: Opportunity, *, now: dt.datetime) -> Finding | None:
        return self.found(
            row.pk,
            _("Figura como captada y su historia no dice quién la captó."),
            client=row.client_id,
            owner=row.owner_id,
        )


def _keeper(client_id: int) -> int:
    """Of a client's open opportunities the one that stays: what is worked, then what waits, then the oldest."""
    places = {S.ACTIVE.value: 0, S.EXIT.value: 1, S.POOL.value: 2}
    rows = Opportunity.objects.filter(client=client_id, state__in=OPEN).values_list("state", "pk")
    return min(((places[state], pk) for state, pk in rows), default=(0, 0))[1]


def _others(row: Opportunity) -> bool:
    return Opportunity.objects.filter(client=row.client_id, state__in=OPEN).exclude(pk=row.pk).exists()
