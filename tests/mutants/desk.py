"""The desk with one of its guards taken out: quotas, ownership, history. And the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_QUOTA = "opportunities/assignment/quota.py"
_DRAW = "opportunities/assignment/draw.py"
_LOOKING = "opportunities/assignment/looking.py"
_SUPERVISION = "opportunities/supervision.py"
_STATES = "opportunities/states.py"
_RULES = "tests/opportunities/test_desk.py"
_STORY = "tests/opportunities/test_story.py"
_RACES = "tests/faults/test_desk_races.py"

MUTANTS = (
    Mutant(
        "the day's quota is read before it is locked",
        _QUOTA,
        "DailyQuota.objects.filter(**_of_day).select_for_update()",
        "DailyQuota.objects.filter(**_of_day)",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "the quota is not charged",
        _QUOTA,
        '), used=F("used") + _amount',
        '), used=F("used")',
        _STORY,
    ),
    Mutant(
        "what could not be drawn stays charged",
        _QUOTA,
        "short = charged - drawn",
        "short = 0",
        "tests/opportunities/test_machine.py",
    ),
    Mutant(
        "draws wait for clients that others hold",
        _LOOKING,
        ".select_for_update(skip_locked=True)",
        ".select_for_update()",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "draws lock more than they take",
        _DRAW,
        "named = list(itertools.islice(candidates, quantity - len(locked)))",
        "named = list(itertools.islice(candidates, 3 * (quantity - len(locked))))[: 3 * quantity]",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "what somebody took before the lock is taken again",
        _DRAW,
        "if states.get(client_id) == availability]",
        "if client_id in states]",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "resting clients are offered",
        _LOOKING,
        "return Q(gone_at__isnull=True) & Q(_none(resting)) & Q(_none(opted_out))",
        "return Q(gone_at__isnull=True) & Q(_none(opted_out))",
        _STORY,
    ),
    Mutant(
        "opted-out clients are offered",
        _LOOKING,
        "return Q(gone_at__isnull=True) & Q(_none(resting)) & Q(_none(opted_out))",
        "return Q(gone_at__isnull=True) & Q(_none(resting))",
        _RULES,
    ),
    Mutant(
        "the version is not asked for",
        _STATES,
        "if row.version == version:",
        "if row.version >= version:",
        _STORY,
    ),
    Mutant(
        "any supervisor gives work to any team",
        _SUPERVISION,
        "    require_receiver(by, target)\n",
        "",
        _RULES,
    ),
    Mutant(
        "a clock runs while its owner is away",
        "opportunities/timers.py",
        "    if clocks_stopped(owner):\n",
        "    if False:\n",
        _RULES,
    ),
    Mutant(
        "anybody moves anybody's opportunity",
        "opportunities/policy.py",
        "    require_supervisor(user, row)\n\n\ndef require_receiver",
        "    return\n\n\ndef require_receiver",
        _RULES,
    ),
    Mutant(
        "a draw ends at the last shard",
        _DRAW,
        "for first, last in ((seed, SHARDS), (0, seed)):",
        "for first, last in ((seed, SHARDS),):",
        _STORY,
    ),
    Mutant(
        "an absence takes work that moved on",
        "opportunities/absences.py",
        "return [row for row in rows if row.owner_id == promoter.pk and row.state == OpportunityState.ACTIVE]",
        "return rows",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "captures at once are not counted",
        "opportunities/capture.py",
        "    quota.lock(promoter, business_day(now, promoter.desk.calendar.tz))\n",
        "",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "extensions at once are not counted",
        "opportunities/timers.py",
        "        quota.lock(owner, _today(owner, now))\n",
        "        pass\n",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "twins are captured",
        "opportunities/capture.py",
        "        _refuse_twins(client, phones)\n",
        "",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "overdue work is moved while the cron sleeps",
        "opportunities/transitions.py",
        "if is_overdue(row, now) and not may_supervise(by, row.team_id):",
        "if False:",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "a sale with other data is the same sale",
        "opportunities/sales.py",
        "if _read(data) == (sale.amount, sale.product, sale.reference):",
        "if True:",
        _STORY,
    ),
    Mutant(
        "an undone reassignment stays charged",
        "opportunities/bulk.py",
        "quota.refund(charged, 1,",
        "quota.refund(charged, 0,",
        _STORY,
    ),
    Mutant(
        "an undone over-quota reassignment leaves its room",
        "opportunities/bulk.py",
        'before["room"], by=by',
        "0, by=by",
        _RULES,
    ),
    Mutant(
        "the loser of a client keeps writing",
        "opportunities/timers.py",
        'withdrawing.withdraw_of(rows, by=None, now=now, reason=_("Venció el plazo de la oportunidad."))',
        "withdrawing.withdraw_of([], by=None, now=now, reason='')",
        _RULES,
    ),
)
