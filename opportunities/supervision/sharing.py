"""Who of several receivers gets which rows: evenly, within quota and capacity, and what speaks against it.

It is worked out from what can be read now. Nothing is written and nothing is locked: whoever does it (`bulk`) decides each
row again, at the version that was seen.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import User
from leadmaster.lib.zones import country_of
from opportunities.capacity.usage import Usage, headroom, usage_of
from opportunities.enums import CLOSED, Concern, OpportunityState
from opportunities.errors import Stale
from opportunities.models import CoolDown, Desk, Opportunity, OpportunityEvent, Promoter
from opportunities.policy import SUPERVISE, not_yours
from opportunities.scope import team_ids_of
from opportunities.state import locking
from opportunities.supervision.dealing import Deal
from opportunities.supervision.frozen import Seen, by_id

Concerns = Mapping[tuple[int, int], frozenset[Concern]]
NOTHING: frozenset[Concern] = frozenset()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Share:
    """What one receiver gets. `limit` says why not more, where their room is what ended it."""

    promoter: Promoter
    rows: tuple[Seen, ...]
    room: int
    limit: str
    concerns: Mapping[Concern, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sharing:
    """Each row in somebody's share, or kept where it is with the reason. `concerns`: of each that is given."""

    shares: tuple[Share, ...]
    kept: Mapping[int, str]
    concerns: Mapping[int, frozenset[Concern]]
    left_out: frozenset[Concern]

    @property
    def given(self) -> dict[Seen, Promoter]:
        return {row: share.promoter for share in self.shares for row in share.rows}

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to think about: one gets all of it, and nothing speaks against that."""
        return len(self.shares) == 1 and not self.kept and not any(self.concerns.values())

    def of_concern(self, concern: Concern) -> int:
        """How many of what is given it speaks against."""
        return sum(concern in found for found in self.concerns.values())


def share(
    rows: Collection[int | Seen],
    targets: Sequence[Promoter],
    *,
    by: User,
    now: dt.datetime,
    leave_out: Collection[Concern] = (),
    over_quota: bool = False,
) -> Sharing:
    """Share these out. What a concern speaks against goes to somebody else of them if it can, and stays where it is if
    the concern is to be left out. `over_quota`: the quota is no limit, what they can have in hand still is.

    Some twelve queries, however many rows and receivers.
    """
    seen = by_id(rows)
    teams = team_ids_of(by) if by.is_active and by.has_perm(SUPERVISE) else []
    people = {target.pk: target for target in targets}
    usages = {usage.promoter.pk: usage for usage in usage_of(list(people.values()), now=now)}
    limits = {pk: _limit(usage, teams=teams, over_quota=over_quota) for pk, usage in usages.items()}
    found = Opportunity.objects.filter(team__in=teams).in_bulk(list(seen))
    kept = {pk: reason for pk, version in seen.items() if (reason := _why_nobody(pk, found.get(pk), version))}
    free = [found[pk] for pk in seen if pk not in kept]
    against = concerns(free, list(people.values()), now=now)

    by_room = sorted(limits, key=lambda pk: (-limits[pk][0], pk))
    deal = Deal({pk: limits[pk][0] for pk in by_room})
    left_out = frozenset(map(Concern, leave_out))
    fits = {row.pk: [pk for pk in by_room if not _has(row, pk)] for row in free}
    clean = {row: [pk for pk in fit if not against.get((row, pk))] for row, fit in fits.items()}
    allowed = {row: [pk for pk in fit if not against.get((row, pk), NOTHING) & left_out] for row, fit in fits.items()}
    for row in [row for row, fit in clean.items() if not deal.add(row, fit)]:
        if not deal.add(row, allowed[row]):
            kept[row] = _why_not(
                row, fits[row], allowed[row], people=people, limits=limits, against=against, left_out=left_out
            )
    shares = tuple(_share_of(people[pk], deal, seen, limits[pk], against) for pk in people)
    return Sharing(
        shares=shares,
        kept=dict(sorted(kept.items())),
        concerns={row: against.get((row, pk), NOTHING) for row, pk in deal.given.items()},
        left_out=left_out,
    )


def concerns(
    rows: Sequence[Opportunity], targets: Sequence[Promoter], *, now: dt.datetime
) -> dict[tuple[int, int], frozenset[Concern]]:
    """What speaks against giving each of these to each of those; pairs without are not in it. Five queries."""
    former = _former_owners(rows)
    resting = set(
        CoolDown.objects.filter(
            promoter__in=targets, client__in=[row.client_id for row in rows], until__gt=now
        ).values_list("promoter_id", "client_id")
    )
    zones = dict(Desk.objects.filter(team__in={row.team_id for row in rows}).values_list("team", "calendar__time_zone"))
    home = {team: country_of(zone) for team, zone in zones.items()}
    there = {target.pk: country_of(target.desk.calendar.time_zone) for target in targets}
    found = {}
    for row in rows:
        for target in targets:
            speaks = {
                Concern.FORMER: former.get(row.pk) == target.pk,
                Concern.COUNTRY: bool(home.get(row.team_id)) and there[target.pk] not in {"", home[row.team_id]},
                Concern.COOL_DOWN: (target.pk, row.client_id) in resting,
            }
            if any(speaks.values()):
                found[row.pk, target.pk] = frozenset(concern for concern, true in speaks.items() if true)
    return found


def _former_owners(rows: Sequence[Opportunity]) -> dict[int, int | None]:
    """Who had each of these last and let it go. What somebody works is not gone from anybody."""
    former = {row.pk: row.owner_id for row in rows if row.state == OpportunityState.EXIT}
    ownerless = [row.pk for row in rows if row.owner_id is None]
    owned = OpportunityEvent.objects.filter(opportunity__in=ownerless, from_owner__isnull=False).order_by()
    last = owned.values("opportunity").annotate(last=Max("id")).values_list("last", flat=True)
    lines = OpportunityEvent.objects.filter(id__in=list(last))
    return former | dict(lines.values_list("opportunity_id", "from_owner_id"))


def _has(row: Opportunity, promoter: int) -> bool:
    return row.state == OpportunityState.ACTIVE and row.owner_id == promoter


# --- Why not -----------------------------------------------------------------------------------------------------------


def _limit(usage: Usage, *, teams: Collection[int], over_quota: bool) -> tuple[int, str]:
    """How many more they can be given, and the sentence for what ends there."""
    who = usage.promoter
    if who.desk.team_id not in teams:
        return 0, _("%(who)s no es de un equipo que supervises.") % {"who": who}
    if not who.available or not who.user.is_active or usage.absence is not None:
        return 0, _("%(who)s no recibe asignaciones ahora.") % {"who": who}
    room = headroom(who, usage.active)
    if over_quota or room <= usage.left:
        return room, _("%(who)s llega a su máximo de oportunidades activas (%(most)d).") % {
            "who": who,
            "most": who.most_active,
        }
    return usage.left, ngettext(
        "A %(who)s le queda %(n)d de su cupo de hoy.", "A %(who)s le quedan %(n)d de su cupo de hoy.", usage.left
    ) % {"who": who, "n": usage.left}


def _why_nobody(pk: int, row: Opportunity | None, version: int | None) -> str:
    if row is None:
        return not_yours(pk)
    try:
        locking.require_version(row, row.version if version is None else version)
    except Stale as changed:
        return str(changed)
    if row.state in CLOSED:
        return _("La oportunidad #%(id)s está %(state)s: ya no se reasigna.") % {
            "id": pk,
            "state": row.get_state_display().lower(),
        }
    return ""


def _why_not(
    row: int,
    fit: Sequence[int],
    allowed: Sequence[int],
    *,
    people: Mapping[int, Promoter],
    limits: Mapping[int, tuple[int, str]],
    against: Concerns,
    left_out: frozenset[Concern],
) -> str:
    """Why nobody of them gets this row."""
    if not fit:
        return _("La oportunidad #%(id)s ya es de %(who)s.") % {"id": row, "who": next(iter(people.values()))}
    if allowed:
        return " ".join(limits[pk][1] for pk in allowed)
    pk = fit[0]
    spoken = sorted(str(concern.label) for concern in against[row, pk] & left_out)
    return _("La oportunidad #%(id)s queda afuera, como pediste: %(why)s.") % {
        "id": row,
        "why": ", ".join(spoken).lower(),
    }


def _share_of(
    who: Promoter, deal: Deal, seen: Mapping[int, int | None], limit: tuple[int, str], against: Concerns
) -> Share:
    rows = sorted(row for row, pk in deal.given.items() if pk == who.pk)
    counted = collections.Counter(concern for row in rows for concern in against.get((row, who.pk), NOTHING))
    return Share(
        promoter=who,
        rows=tuple(Seen(row, seen[row]) for row in rows),
        room=limit[0],
        limit=limit[1] if len(rows) >= limit[0] else "",
        concerns={concern: counted[concern] for concern in Concern if counted[concern]},
    )
