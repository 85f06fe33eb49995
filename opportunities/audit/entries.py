"""A day's lines of every ledger in one order. Each ledger gives its newest, through an index on the time or the person."""

from __future__ import annotations

import dataclasses
import datetime as dt
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignEvent, EnvioEvent, SenderSwitch
from leadmaster.accounts.models import User
from leadmaster.directory.models import SuppressionLift
from leadmaster.lib.periods import Period
from leadmaster.ops.models import PersonalDataRequest
from opportunities.enums import EventKind
from opportunities.models import OpportunityEvent, QuotaEntry, Retiming
from opportunities.scope import team_ids_of

MOST: Final = 300
# What they say is about a client, and stands in the opportunity's own history alone.
_PERSONAL: Final = (EventKind.NOTE, EventKind.CAPTURED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One line. `kind` and `pk` name the object; `before` and `after` are empty where nothing was another thing before."""

    at: dt.datetime
    who: str
    who_id: int | None
    what: str
    kind: str
    pk: str
    about: str
    before: str = ""
    after: str = ""
    reason: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """`period` None: as far back as the ledgers go, for one object."""

    period: Period | None
    person: int | None = None
    kind: str = ""
    pk: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    entries: Sequence[Entry]
    more: bool


def entries(user: User, wanted: Wanted, *, most: int = MOST) -> Found:
    """The newest first, of what this person supervises; administrators see everything."""
    lines = heapq.merge(
        *(source(user, wanted, most + 1) for source in _SOURCES), key=lambda entry: entry.at, reverse=True
    )
    found = [entry for _number, entry in zip(range(most + 1), lines, strict=False)]
    return Found(entries=found[:most], more=len(found) > most)


def people_of(user: User) -> QuerySet[User]:
    """Whose lines this person reads: those of their teams' people, and their own."""
    if user.is_administrator:
        return User.objects.all()
    teams = team_ids_of(user)
    return User.objects.filter(Q(pk=user.pk) | Q(teams__in=teams) | Q(promoter__desk__team__in=teams)).distinct()


# --- The ledgers ------------------------------------------------------------------------------------------------------


def _opportunities(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    rows = OpportunityEvent.objects.select_related(
        "by", "opportunity__client", "from_stage", "to_stage", "from_owner__user", "to_owner__user"
    )
    if not user.is_administrator:
        rows = rows.filter(opportunity__team__in=team_ids_of(user))
    for row in _chosen(rows, wanted, "opportunities.opportunity", "opportunity", most):
        before, after = _moved(row)
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=str(row.get_kind_display()),
            kind="opportunities.opportunity",
            pk=str(row.opportunity_id),
            about=_("Oportunidad #%(id)d") % {"id": row.opportunity_id},
            before=before,
            after=after,
            reason="" if row.kind in _PERSONAL else row.reason,
            url=_page("opportunities_opportunity", row.opportunity_id),
        )


def _moved(row: OpportunityEvent) -> tuple[str, str]:
    """From whom to whom, from which stage to which: only what is another."""
    pairs = [
        (str(row.from_owner or ""), str(row.to_owner or "")),
        (str(row.from_stage or ""), str(row.to_stage or "")),
        (str(row.get_from_state_display() or ""), str(row.get_to_state_display())),
    ]
    different = [(before or "—", after or "—") for before, after in pairs if before != after]
    if not any(before for before, _after in pairs):
        return "", " · ".join(after for _before, after in different)
    return " · ".join(before for before, _after in different), " · ".join(after for _before, after in different)


def _quotas(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    rows = QuotaEntry.objects.select_related("by", "quota__promoter__user")
    if not user.is_administrator:
        rows = rows.filter(quota__promoter__desk__team__in=team_ids_of(user))
    for row in _chosen(rows, wanted, "opportunities.dailyquota", "quota", most):
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=str(row.get_kind_display()),
            kind="opportunities.dailyquota",
            pk=str(row.quota_id),
            about=_("Cupo de %(who)s del %(day)s") % {"who": row.quota.promoter, "day": f"{row.quota.day:%d/%m/%Y}"},
            after=f"{row.amount:+d}",
            reason=row.reason,
            url=_page("opportunities_dailyquota", row.quota_id),
        )


def _hours(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    """Hours and timers, which are the business of everybody who works by them."""
    for row in _chosen(Retiming.objects.select_related("by"), wanted, "opportunities.retiming", "pk", most):
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=str(row.get_kind_display()),
            kind="opportunities.retiming",
            pk=str(row.pk),
            about=str(row),
            reason=row.reason,
        )


def _campaigns(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    rows = CampaignEvent.objects.select_related("by", "campaign")
    rows = rows.filter(campaign__in=Campaign.objects.visible_to(user)) if not user.is_administrator else rows
    for row in _chosen(rows, wanted, "campaigns.campaign", "campaign", most):
        moved = row.from_state != row.to_state
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=_("Campaña") if moved else _("Cambio de campaña"),
            kind="campaigns.campaign",
            pk=str(row.campaign_id),
            about=str(row.campaign),
            before=str(row.get_from_state_display()) if moved else "",
            after=str(row.get_to_state_display()) if moved else row.change,
            reason=row.reason,
            url=_page("campaigns_campaign", row.campaign_id),
        )


def _envios(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    """What people decided about messages; what gateways said of them is in each one's own history."""
    rows = EnvioEvent.objects.filter(by__isnull=False).select_related("by", "envio")
    if not user.is_administrator:
        rows = rows.filter(envio__campaign__in=Campaign.objects.visible_to(user))
    for row in _chosen(rows, wanted, "campaigns.envio", "envio", most):
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=_("Envío"),
            kind="campaigns.envio",
            pk=str(row.envio_id),
            about=_("Envío #%(id)d") % {"id": row.envio_id},
            before=str(row.get_from_state_display()),
            after=str(row.get_to_state_display()),
            reason=row.reason,
            url=_page("campaigns_envio", row.envio_id),
        )


def _switch(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    for row in _chosen(SenderSwitch.objects.select_related("by"), wanted, "campaigns.senderswitch", "pk", most):
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=_("Interruptor de envíos"),
            kind="campaigns.senderswitch",
            pk=str(row.pk),
            about=_("Todos los envíos"),
            after=str(row),
            reason=row.reason,
        )


def _lifts(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    """Exclusions that somebody ended. The number is in the directory, and not in here."""
    if not user.is_administrator:
        return
    rows = SuppressionLift.objects.select_related("lifted_by")
    chosen = _chosen(rows, wanted, "directory.suppressionlift", "pk", most, at="lifted_at", by="lifted_by")
    for row in chosen:
        yield Entry(
            at=row.lifted_at,
            who=_who(row.lifted_by),
            who_id=row.lifted_by_id,
            what=_("Levantó una exclusión"),
            kind="directory.suppressionlift",
            pk=str(row.pk),
            about=_("Exclusión #%(id)d") % {"id": row.pk},
            reason=row.reason,
        )


def _operation(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    """Repairs, and data of persons told or erased: an administrator's."""
    if not user.is_administrator:
        return
    for row in _chosen(PersonalDataRequest.objects.select_related("by"), wanted, "ops.personaldatarequest", "pk", most):
        yield Entry(
            at=row.at,
            who=_who(row.by),
            who_id=row.by_id,
            what=str(row.get_kind_display()),
            kind="ops.personaldatarequest",
            pk=str(row.pk),
            about=_("Datos personales #%(id)d") % {"id": row.pk},
            reason=row.reason,
        )


def _pages(user: User, wanted: Wanted, most: int) -> Iterator[Entry]:
    """What people changed on the pages and over the API, by field."""
    rows = LogEntry.objects.select_related("user", "content_type").order_by("-action_time", "-pk")
    if not user.is_administrator:
        rows = rows.filter(user__in=people_of(user).values("pk"))
    if wanted.period is not None:
        rows = rows.filter(action_time__gte=wanted.period.since, action_time__lt=wanted.period.until)
    if wanted.person is not None:
        rows = rows.filter(user=wanted.person)
    if wanted.kind:
        app, _dot, model = wanted.kind.partition(".")
        rows = rows.filter(content_type__app_label=app, content_type__model=model, object_id=wanted.pk)
    for row in rows[:most]:
        before, after = _fields(row)
        kind = f"{row.content_type.app_label}.{row.content_type.model}" if row.content_type else ""
        yield Entry(
            at=row.action_time,
            who=_who(row.user),
            who_id=row.user_id,
            what={ADDITION: _("Agregó"), DELETION: _("Borró")}.get(row.action_flag, _("Cambió")),
            kind=kind,
            pk=str(row.object_id or ""),
            about=f"{capfirst(str(row.content_type.name))}: {row.object_repr}" if row.content_type else row.object_repr,
            before=before,
            after=after,
            url=_page(kind.replace(".", "_"), row.object_id) if row.action_flag != DELETION else "",
        )


def _fields(row: LogEntry) -> tuple[str, str]:
    """`cupo: 20` and `cupo: 30`; of lines from before values were kept, the fields alone."""
    try:
        parts = json.loads(row.change_message or "[]")
    except ValueError:
        return "", row.change_message
    before, after = [], []
    for part in parts if isinstance(parts, list) else []:
        changed = part.get("changed", {}) if isinstance(part, dict) else {}
        values = changed.get("values") or {}
        for name, (old, new) in sorted(values.items()):
            before.append(f"{name}: {old or '—'}")
            after.append(f"{name}: {new or '—'}")
        if not values:
            after.extend(changed.get("fields", []))
    return " · ".join(before), " · ".join(after)


_SOURCES: Final[tuple[Callable[[User, Wanted, int], Iterator[Entry]], ...]] = (
    _opportunities,
    _quotas,
    _hours,
    _campaigns,
    _envios,
    _switch,
    _lifts,
    _operation,
    _pages,
)


def _chosen(
    rows: QuerySet[Any], wanted: Wanted, kind: str, pk: str, most: int, *, at: str = "at", by: str = "by"
) -> Iterable[Any]:
    """The newest of a ledger, of the day, the person and the object that are asked for."""
    if wanted.kind and wanted.kind != kind:
        return ()
    if wanted.kind:
        rows = rows.filter(**{pk: wanted.pk})
    if wanted.period is not None:
        rows = rows.filter(**{f"{at}__gte": wanted.period.since, f"{at}__lt": wanted.period.until})
    if wanted.person is not None:
        rows = rows.filter(**{by: wanted.person})
    return rows.order_by(f"-{at}", "-pk")[:most]


def _who(user: User | None) -> str:
    return _("El sistema") if user is None else str(user)


def _page(name: str, pk: Any) -> str:
    try:
        return reverse(f"admin:{name}_change", args=[pk])
    except NoReverseMatch:
        return ""
