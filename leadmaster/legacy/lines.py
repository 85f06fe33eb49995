"""Tenants, promoters' sessions and queues become lines. They come in paused: nobody knows whether they are paired."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.legacy import values
from leadmaster.legacy.people import team_of
from leadmaster.legacy.phones import region_of
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work
from whatsapp import sessions
from whatsapp.models import Region, WhatsAppSession

TABLE = "wa_sesiones"


def take(work: Work) -> None:
    """The promoters' own sessions. What they were paired with stays behind: it was kept under a key that was none."""
    for batch in work.batches(TABLE):
        rows = [row for row in batch if _has_owner(row, work)]
        for row in rows:
            work.correct(
                row, "pair_again", _("La línea entra en pausa y sin vincular: hay que escanear el QR de nuevo.")
            )
        work.write(rows, functools.partial(_write, rows, work))


def _has_owner(row: Row, work: Work) -> bool:
    if values.reference(row["usuario_id"]) in work.links["usuarios"]:
        return True
    work.refuse(row, "unknown_user", _("La sesión es de un usuario que no está: %(id)s.") % {"id": row["usuario_id"]})
    return False


def _write(rows: Sequence[Row], work: Work) -> dict[int, int]:
    made = {}
    for row in rows:
        owner = User.objects.get(pk=work.links["usuarios"][values.reference(row["usuario_id"]) or 0])
        made[row.id] = of_promoter(owner, work, phone=values.text(row["telefono"])).pk
    return made


def of_promoter(owner: User, work: Work, *, phone: str = "") -> WhatsAppSession:
    """The line of this promoter, made when it is not there."""
    name = _("Línea de %(who)s") % {"who": owner}
    return _line(f"promotor-{owner.pk}", name, work, owner=owner, phone=phone, region=Region.MX)


def of_tenant(tenant: str, work: Work, *, phones: Sequence[str | None]) -> WhatsAppSession:
    """The line that the session manager knows by this id (the old `cliente_id`), made when it is not there.

    `phones` are some of those that it wrote to: they tell the country.
    """
    name = _("Línea %(tenant)s") % {"tenant": tenant}
    return _line(tenant, name, work, owner=None, region=region_of(phones, default=Region.AR))


def _line(
    tenant: str, name: str, work: Work, *, owner: User | None, region: Region, phone: str = ""
) -> WhatsAppSession:
    found = WhatsAppSession.objects.filter(tenant_id=tenant, base_url="").order_by("id").first()
    if found is not None:
        return found
    line = WhatsAppSession(
        name=name[:120],
        tenant_id=tenant,
        owner=owner,
        team=team_of(work),
        phone=phone[:20],
        region=region_of([phone], default=region),
        time_zone=work.tz.key,
    )
    return sessions.adopt(line, reason=_("Vino del sistema anterior: vincúlala y quita la pausa."), now=work.now)
