"""One import at work: what is read, what came in already, and the one way in which a batch is written."""

from __future__ import annotations

import collections
import datetime as dt
import functools
import itertools
import zoneinfo
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.enums import CampaignState
from leadmaster.accounts.models import User
from leadmaster.legacy.copies import Sends
from leadmaster.legacy.models import ImportedRow
from leadmaster.legacy.phones import region_of
from leadmaster.legacy.proofs import Proofs
from leadmaster.legacy.report import Remark, Report
from leadmaster.legacy.source import Row, Source
from leadmaster.lib.db.retry import retrying
from whatsapp.models import Region

BATCH = 500
# What a rehearsal calls the new row that it does not make.
UNWRITTEN = 0
AUTHOR = "sistema-anterior"


class Work:
    """`links` are the new rows of old ones, by table: of those tables that others speak of."""

    def __init__(self, source: Source, report: Report, *, now: dt.datetime, tz: zoneinfo.ZoneInfo, team: str) -> None:
        self.source = source
        self.report = report
        self.now = now
        self.tz = tz
        self.team_name = team
        self.links: dict[str, dict[int, int]] = collections.defaultdict(dict)
        # In which state each campaign comes in, by table.
        self.planned: dict[str, dict[int, CampaignState]] = collections.defaultdict(dict)
        # Campaigns, by table, in which somebody has to decide about a message.
        self.doubtful: dict[str, set[int]] = collections.defaultdict(set)

    @property
    def dry_run(self) -> bool:
        return self.report.dry_run

    @functools.cached_property
    def author(self) -> User:
        """Whoever signs what nobody signed: an account that nobody can log in with."""
        user, made = User.objects.get_or_create(
            username=AUTHOR, defaults={"first_name": "Sistema anterior", "is_active": False}
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password", "password_set_at"])
        return user

    @functools.cached_property
    def proofs(self) -> Proofs:
        return Proofs(self.source)

    @functools.cached_property
    def sends(self) -> Sends:
        return Sends(self.source)

    @functools.cached_property
    def region(self) -> str:
        """The country that most of the old senders' phones are of."""
        some = itertools.islice(self.source.rows("ll_envios_whatsapp", columns=["telefono_wapp"]), 1_000)
        return region_of((row["telefono_wapp"] for row in some), default=Region.AR)

    # --- Reading ------------------------------------------------------------------------------------------------------

    def batches(self, table: str, *, just_taken: Container[int] = ()) -> Iterator[list[Row]]:
        """The rows of this table that did not come in yet, and the links of those that did.

        `just_taken` came in a moment ago, as parts of rows of another table.
        """
        links = self.links.setdefault(table, {})
        rows = self.source.rows(table)
        while page := list(itertools.islice(rows, BATCH)):
            count = self.report.tables[table]
            count.read += len(page)
            there = self.known(table, [row.id for row in page])
            fresh = []
            for row in page:
                if row.id in just_taken:
                    continue
                if row.id not in there:
                    fresh.append(row)
                    continue
                count.already += 1
                target, digest = there[row.id]
                links[row.id] = target
                if digest != row.digest:
                    self._changed(row)
            yield fresh

    def known(self, table: str, legacy_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
        lines = ImportedRow.objects.filter(source=self.report.source, table=table, legacy_id__in=list(legacy_ids))
        return {
            row_id: (target, digest) for row_id, target, digest in lines.values_list("legacy_id", "target", "digest")
        }

    def _changed(self, row: Row) -> None:
        self.report.tables[row.table].changed += 1
        sentence = _("Entró en una importación anterior y desde entonces cambió en el sistema anterior: no se toca.")
        self.report.changed.append(Remark(table=row.table, id=row.id, code="changed", sentence=sentence))

    # --- Deciding -----------------------------------------------------------------------------------------------------

    def refuse(self, row: Row, code: str, sentence: str) -> None:
        self.report.tables[row.table].refused += 1
        self.report.refused.append(Remark(table=row.table, id=row.id, code=code, sentence=sentence))

    def correct(self, row: Row, code: str, sentence: str) -> None:
        """It comes in, and not as it was."""
        self.report.corrected.append(Remark(table=row.table, id=row.id, code=code, sentence=sentence))

    # --- Writing ------------------------------------------------------------------------------------------------------

    def write(self, rows: Sequence[Row], act: Callable[[], Mapping[int, int]]) -> None:
        """`act` writes what these rows of one table become, and says which new row each is. With it, one transaction,
        go the lines by which the next run knows them. In a rehearsal nothing happens and everything counts."""
        if not rows:
            return
        table = rows[0].table
        targets = {row.id: UNWRITTEN for row in rows} if self.dry_run else retrying(lambda: self._write(rows, act))
        self.links.setdefault(table, {}).update(targets)
        self.report.tables[table].taken += len(rows)

    @transaction.atomic(durable=True)
    def _write(self, rows: Sequence[Row], act: Callable[[], Mapping[int, int]]) -> Mapping[int, int]:
        targets = act()
        self.remember(rows, targets)
        return targets

    def remember(self, rows: Iterable[Row], targets: Mapping[int, int]) -> None:
        """Called in the transaction of what it speaks of."""
        ImportedRow.objects.bulk_create(
            ImportedRow(
                source=self.report.source,
                table=row.table,
                legacy_id=row.id,
                target=targets[row.id],
                digest=row.digest,
                imported_at=self.now,
            )
            for row in rows
        )
