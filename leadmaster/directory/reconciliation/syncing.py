"""Synchronisations that hold their source and are not running."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leadmaster.directory.models import SyncState
from leadmaster.directory.sync import run_lock
from leadmaster.ops.reconciliation.check import Check, Finding


class SyncStuck(Check[SyncState]):
    """Somebody began and gave no sign of life for an hour."""

    area = "directory"
    name = "directory.sync"

    def rows(self) -> QuerySet[SyncState]:
        return SyncState.objects.filter(run__isnull=False)

    def suspects(self, rows: QuerySet[SyncState], *, now: dt.datetime) -> Iterable[int]:
        return [state.pk for state in rows if run_lock.silent_for(state, now=now) > dt.timedelta(hours=1)]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        state = self.rows().select_for_update(skip_locked=True).filter(pk=pk).first()
        if state is None or run_lock.silent_for(state, now=now) <= dt.timedelta(hours=1):
            return None
        return self.found(
            pk,
            _("La sincronización de «%(source)s» figura en marcha y nadie la hace.") % {"source": state.source},
            repair=_("Se da por terminada: la próxima sigue donde quedó."),
            source=state.source,
            run=str(state.run),
            alive_at=(state.progress or {}).get("alive_at"),
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        state = SyncState.objects.get(pk=finding.subject)
        if state.run is not None:
            run_lock.end(state.source, state.run)
