"""The order of things: whoever is spoken of comes before whoever speaks of them."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from leadmaster.legacy import campaigns, lines, lots, people, places, schedules, senders, stages
from leadmaster.legacy.messages import Messages
from leadmaster.legacy.opportunities import Opportunities
from leadmaster.legacy.report import Remark, Report
from leadmaster.legacy.source import Source, opened
from leadmaster.legacy.tables import TABLES
from leadmaster.legacy.work import Work


def import_legacy(
    address: str,
    *,
    name: str,
    team: str,
    clients: str,
    tz: zoneinfo.ZoneInfo,
    dry_run: bool,
    now: dt.datetime,
    told: Callable[[str], None] = lambda _step: None,
) -> Report:
    """Take over what is not here yet, or say what would be. Raises LegacyError before anything was written.

    `name` tells this old database from others; `clients` is the directory's word for the base that its opportunities
    speak of. A run that is killed is repeated: what came in stays, what did not comes in then.
    """
    report = Report(dry_run=dry_run, source=name)
    with opened(address) as source:
        work = Work(source, report, now=now, tz=tz, team=team)
        _look_over(source, report)
        senders_: list[Messages] = [
            made(work) for made in (senders.TenantMessages, senders.PromoterMessages, senders.QueueMessages)
        ]
        told(_("Buscando envíos que nadie confirma…"))
        for sender in senders_:
            sender.accuse()
        report.copies = work.sends.copies()
        _take(work, senders_, clients=clients, told=told)
    return report


def _take(work: Work, senders_: Sequence[Messages], *, clients: str, told: Callable[[str], None]) -> None:
    told(_("Personas, etapas y lugares…"))
    people.take(work)
    types = stages.take(work)
    places.take(work)
    told(_("Campañas y envíos…"))
    lines.take(work)
    campaigns.take_tenants(work)
    campaigns.take_promoters(work)
    campaigns.take_queues(work)
    schedules.take(work)
    for sender in senders_:
        sender.take()
    senders.take_sends(work)
    told(_("Oportunidades…"))
    lots.take(work)
    Opportunities(work, types, clients).take()


def _look_over(source: Source, report: Report) -> None:
    """What is not there, or can't be read as a whole, is said before anything else."""
    report.warnings = source.warnings
    for table in TABLES:
        shape = source.shapes.get(table)
        if shape is None:
            report.missing.append(table)
            continue
        if shape.missing:
            sentence = _("La tabla no tiene %(columns)s: no se puede leer.") % {"columns": ", ".join(shape.missing)}
            report.refused.append(Remark(table=table, id=None, code="missing_columns", sentence=sentence))
        elif shape.rows != shape.distinct:
            sentence = _("%(count)d filas no tienen id o lo repiten: no se pueden tomar.")
            count = shape.rows - shape.distinct
            report.tables[table].refused += count
            report.tables[table].read += count
            report.refused.append(Remark(table=table, id=None, code="no_id", sentence=sentence % {"count": count}))
