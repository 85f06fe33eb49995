"""The desk with one of its guards taken out: quotas, ownership, history. And the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_QUOTA = "opportunities/capacity/quota.py"
_DRAW = "opportunities/assignment/draw.py"
_CANDIDATES = "opportunities/assignment/candidates.py"
_SUPERVISION = "opportunities/supervision/decisions.py"
_LOCKING = "opportunities/state/locking.py"
_ABSENCES = "opportunities/timers/absence_clocks.py"
_TAKING_BACK = "opportunities/supervision/undo.py"
_AVAILABILITY = "opportunities/capacity/availability.py"
_SETTING = "opportunities/clocks/setting.py"
_TERMS = "opportunities/clocks/terms.py"
_RECEIVING = "tests/opportunities/capacity/test_receiving.py"
_QUOTAS = "tests/opportunities/capacity/test_quota.py"
_REQUEST = "tests/opportunities/assignment/test_request.py"
_EXTENSION = "tests/opportunities/timers/test_extension.py"
_FINISHED = "tests/opportunities/state/test_finished.py"
_MACHINE = "tests/opportunities/state/test_machine.py"
_WITHDRAWAL = "tests/opportunities/state/test_withdrawal.py"
_LEAVING = "tests/opportunities/supervision/test_absences.py"
_ABSENCE_CLOCKS = "tests/opportunities/supervision/test_absence_clocks.py"
_UNDO = "tests/opportunities/supervision/test_undo.py"
_LEAVING_BESIDE = "tests/faults/test_desk_absences.py"
_POLICY = "tests/opportunities/test_policy.py"
_STORY = "tests/opportunities/test_story.py"
_RACES = "tests/faults/test_desk_races.py"
_TIMER_RACES = "tests/faults/test_stage_timer_races.py"
_FROZEN = "tests/opportunities/supervision/test_frozen.py"
_HISTORY = "tests/opportunities/state/test_history.py"

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
        _MACHINE,
    ),
    Mutant(
        "draws wait for clients that others hold",
        _CANDIDATES,
        ".select_for_update(skip_locked=True)",
        ".select_for_update()",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "draws lock more than they take",
        _DRAW,
        "named = list(itertools.islice(ids, quantity - len(locked)))",
        "named = list(itertools.islice(ids, 3 * (quantity - len(locked))))[: 3 * quantity]",
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
        _CANDIDATES,
        "return Q(gone_at__isnull=True) & Q(_none(resting)) & Q(_none(opted_out))",
        "return Q(gone_at__isnull=True) & Q(_none(opted_out))",
        _STORY,
    ),
    Mutant(
        "opted-out clients are offered",
        _CANDIDATES,
        "return Q(gone_at__isnull=True) & Q(_none(resting)) & Q(_none(opted_out))",
        "return Q(gone_at__isnull=True) & Q(_none(resting))",
        _REQUEST,
    ),
    Mutant(
        "the version is not asked for",
        _LOCKING,
        "if version in {row.version, row.version - row.recalculated}:",
        "if row.version >= version:",
        _STORY,
    ),
    Mutant(
        "any supervisor gives work to any team",
        _SUPERVISION,
        "    require_receiver(by, target)\n",
        "",
        _POLICY,
    ),
    Mutant(
        "a clock runs while its owner is away",
        _SETTING,
        "    if not present and clocks_stopped(owner):\n",
        "    if False:\n",
        _ABSENCE_CLOCKS,
    ),
    Mutant(
        "anybody moves anybody's opportunity",
        "opportunities/policy.py",
        "    require_supervisor(user, row)\n\n\ndef require_receiver",
        "    return\n\n\ndef require_receiver",
        _POLICY,
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
        _ABSENCES,
        "return [row for row in rows if row.owner_id == promoter.pk and row.state == OpportunityState.ACTIVE], calendar",
        "return rows, calendar",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "captures at once are not counted",
        "opportunities/assignment/capture.py",
        "    quota.lock(promoter, promoter.desk.day_at(now))\n",
        "",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "extensions at once are not counted",
        "opportunities/timers/extension.py",
        "        quota.lock(owner, owner.desk.day_at(now))\n",
        "        pass\n",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "twins are captured",
        "opportunities/assignment/capture.py",
        "        _refuse_twins(client, phones)\n",
        "",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "overdue work is moved while the cron sleeps",
        "opportunities/funnel/moves.py",
        "if is_overdue(row, now) and not may_supervise(by, row.team_id):",
        "if False:",
        _RACES,
        mariadb=True,
    ),
    Mutant(
        "a sale with other data is the same sale",
        "opportunities/funnel/sales.py",
        "if _read(data) == (sale.amount, sale.product, sale.reference):",
        "if True:",
        _STORY,
    ),
    Mutant(
        "an undone reassignment stays charged",
        _TAKING_BACK,
        "quota.refund(charged, 1,",
        "quota.refund(charged, 0,",
        _STORY,
    ),
    Mutant(
        "an undone over-quota reassignment leaves its room",
        _TAKING_BACK,
        'before["room"], by=by',
        "0, by=by",
        _QUOTAS,
    ),
    Mutant(
        "the loser of a client keeps writing",
        "opportunities/timers/expiry.py",
        'withdrawal.withdraw_of(rows, by=None, now=now, reason=_("Venció el plazo de la oportunidad."))',
        "withdrawal.withdraw_of([], by=None, now=now, reason='')",
        _WITHDRAWAL,
    ),
    Mutant(
        "who is deactivated asks for clients",
        _AVAILABILITY,
        "RECEIVES = Q(available=True, user__is_active=True)",
        "RECEIVES = Q(available=True)",
        _RECEIVING,
    ),
    Mutant(
        "who is deactivated is given clients",
        _AVAILABILITY,
        "RECEIVES = Q(available=True, user__is_active=True)",
        "RECEIVES = Q(available=True)",
        _RECEIVING,
    ),
    Mutant(
        "who receives nothing is given clients",
        _AVAILABILITY,
        "RECEIVES = Q(available=True, user__is_active=True)",
        "RECEIVES = Q(user__is_active=True)",
        _RECEIVING,
    ),
    Mutant(
        "who is absent is given clients",
        _AVAILABILITY,
        "Promoter.objects.filter(RECEIVES, pk=promoter.pk).exists() and not is_absent(promoter, day)",
        "Promoter.objects.filter(RECEIVES, pk=promoter.pk).exists()",
        _RECEIVING,
    ),
    Mutant(
        "who is deactivated gets exits back",
        _AVAILABILITY,
        "Promoter.objects.filter(pk=promoter.pk, user__is_active=True).exists()",
        "Promoter.objects.filter(pk=promoter.pk).exists()",
        _RECEIVING,
    ),
    Mutant(
        "a full desk is given more",
        _SUPERVISION,
        "    if not headroom(target, load):\n",
        "    if False:\n",
        _RECEIVING,
    ),
    Mutant(
        "one team draws another's pool",
        _CANDIDATES,
        'Opportunity.objects.filter(team_id=Param("team", _NUMBER)).pool()',
        'Opportunity.objects.pool().exclude(team_id=Param("team", _NUMBER) * 0)',
        _RECEIVING,
    ),
    Mutant(
        "the quota is passed without permission",
        _QUOTA,
        "if not by.has_perm(EXCEED):",
        "if False:",
        _QUOTAS,
    ),
    Mutant(
        "the quota is passed without a reason",
        _QUOTA,
        '    if not reason.strip():\n        raise Incomplete(_("Escribe por qué se pasa el cupo: queda en el libro."))\n',
        "",
        _QUOTAS,
    ),
    Mutant(
        "a reassignment is not charged",
        _SUPERVISION,
        "quota.charge_locked(row_of_day, 1,",
        "quota.charge_locked(row_of_day, 0,",
        _STORY,
    ),
    Mutant(
        "finished ones are worked again",
        _SUPERVISION,
        "def _check_receives(target: Promoter, row: Opportunity, day: dt.date) -> None:\n    if row.state in CLOSED:",
        "def _check_receives(target: Promoter, row: Opportunity, day: dt.date) -> None:\n    if False:",
        _FINISHED,
    ),
    Mutant(
        "a limit falls below what is used",
        _QUOTA,
        "_change_limit(row, max(limit, row.used), by=by",
        "_change_limit(row, limit, by=by",
        _QUOTAS,
    ),
    Mutant(
        "an undo takes back what changed since",
        _TAKING_BACK,
        "if not claimed or row.version != item.version_after:",
        "if not claimed:",
        _UNDO,
    ),
    Mutant(
        "an undo forgets the clock",
        _TAKING_BACK,
        '    return setting.again(before["seconds_left"], before["stage"], owner, now=now, held_until=held_until)\n',
        '    return setting.again(0, before["stage"], owner, now=now, held_until=held_until)\n',
        _STORY,
    ),
    Mutant(
        "an undo forgets who rested",
        _TAKING_BACK,
        '    cooldowns.restore(row.client_id, before["cooldowns"])\n',
        "",
        _UNDO,
    ),
    Mutant(
        "an undo gives work back to who gave it all away",
        _TAKING_BACK,
        'if owner is not None and before["state"] == OpportunityState.ACTIVE and gave_work_away(',
        "if False and gave_work_away(",
        _LEAVING,
    ),
    Mutant(
        "an undo into the inbox lets messages go out",
        _TAKING_BACK,
        ' or before["state"] != OpportunityState.ACTIVE:',
        ":",
        _LEAVING,
    ),
    Mutant(
        "a second extension is granted",
        "opportunities/timers/extension.py",
        "    if row.extended:\n",
        "    if False:\n",
        _EXTENSION,
    ),
    Mutant(
        "who comes back early wakes every clock",
        _ABSENCES,
        "if clocks_stopped(absence.promoter):",
        "if False:",
        _LEAVING,
    ),
    Mutant(
        "an absence rescues what was overdue",
        _ABSENCES,
        "if row.deadline is None or row.deadline > max(since, counts_since(row))",
        "if True",
        _LEAVING,
    ),
    Mutant(
        "a new timer starts the clocks of who is away",
        "opportunities/clocks/changes.py",
        " or (row.deadline is None and row.owner_id in self.away):",
        ":",
        _LEAVING,
    ),
    Mutant(
        "an absence begins beside who is being given something",
        _ABSENCES,
        "is theirs when this looks.\n    quota.hold(absence.promoter, absence.promoter.desk.day_at(now))\n",
        "is theirs when this looks.\n",
        _LEAVING_BESIDE,
        mariadb=True,
    ),
    Mutant(
        "an exit goes back beside an absence that begins",
        _SUPERVISION,
        "quota.hold(seen.owner, seen.owner.desk.day_at(now))",
        "pass",
        _LEAVING_BESIDE,
        mariadb=True,
    ),
    Mutant(
        "an undo gives beside an absence that begins",
        _TAKING_BACK,
        "        quota.hold(owner, owner.desk.day_at(now))\n",
        "        pass\n",
        _LEAVING_BESIDE,
        mariadb=True,
    ),
    Mutant(
        "a clock is set beside a stage's timer that changes",
        _TERMS,
        "ORDER BY id{_shared()}",
        "ORDER BY id",
        _TIMER_RACES,
        mariadb=True,
    ),
    Mutant(
        "work begins beside the first stage's timer that changes",
        _TERMS,
        "id LIMIT 1{_shared()}",
        "id LIMIT 1",
        _TIMER_RACES,
        mariadb=True,
    ),
    Mutant(
        "clocks are stopped beside their stage's timer that changes",
        "opportunities/state/locking.py",
        "    stages_of({row.stage_id for row in rows if row.stage_id is not None})\n",
        "",
        _TIMER_RACES,
        mariadb=True,
    ),
    Mutant(
        "an absence gives back what had passed when it was announced",
        _ABSENCES,
        "tz), absence.created_at)",
        "tz), absence.promoter.user.date_joined.min.replace(tzinfo=tz))",
        _ABSENCE_CLOCKS,
    ),
    Mutant(
        "an absence counts from the stage's beginning",
        "opportunities/clocks/countdown.py",
        "return row.clock_since or row.stage_since",
        "return row.stage_since",
        _ABSENCE_CLOCKS,
    ),
    Mutant(
        "an undo brings back more than today's timer",
        _SETTING,
        "min(int(seconds), whole)",
        "int(seconds)",
        _UNDO,
    ),
    Mutant(
        "a stage's other fields bring an old timer back",
        "opportunities/timers/recalculation.py",
        "            if timer_minutes == seen:\n                return None\n",
        "",
        "tests/opportunities/admin/setup/test_stages.py",
    ),
    Mutant(
        "a history runs backwards",
        "opportunities/state/machine.py",
        "at=max(self.now, self.last.get(row.pk, self.now)),",
        "at=self.now,",
        _HISTORY,
    ),
    Mutant(
        "a supervisor decides over what another one did",
        "opportunities/supervision/decisions.py",
        "    if version is not None:\n        locking.require_version(row, version)\n",
        "",
        _FROZEN,
    ),
    Mutant(
        "a page decides about rows that it never showed",
        "opportunities/admin/decisions/confirm.py",
        "shown.get(one.id, Seen(one.id, 0))",
        "Seen(one.id)",
        "tests/opportunities/admin/decisions/test_frozen.py",
    ),
    Mutant(
        "a changed zone begins a new day of quotas",
        "opportunities/timers/recalculation.py",
        "    if new.tz.key == old.tz.key:\n",
        "    if True:\n",
        "tests/opportunities/capacity/test_changed_zone.py",
    ),
    Mutant(
        "a changed zone begins a new day of captures",
        "leadmaster/lib/days.py",
        "if day == self.held and self.since is not None:",
        "if False:",
        "tests/opportunities/capacity/test_changed_zone.py",
    ),
    Mutant(
        "who is away captures",
        "opportunities/assignment/capture.py",
        "    if is_absent(promoter, promoter.desk.date_at(now)):\n",
        "    if False:\n",
        "tests/opportunities/assignment/test_capture.py",
    ),
    Mutant(
        "a capture takes from another team's pool",
        "opportunities/assignment/capture.py",
        "    _refuse_taken(phones, promoter)\n    # The oldest",
        "    # The oldest",
        "tests/opportunities/assignment/test_capture.py",
    ),
)
