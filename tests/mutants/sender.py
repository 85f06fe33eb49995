"""The sender with one of its guards taken out, and the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_CLAIM = "campaigns/engine/claim.py"
_SEND = "campaigns/engine/send.py"
_SETTLE = "campaigns/engine/settle.py"
_DISPATCH = "campaigns/engine/dispatch.py"
_STATES = "campaigns/envio_states.py"
_STATEMENTS = "campaigns/engine/statements.py"
_RECEIPTS = "campaigns/receipts.py"
_GUARD = "campaigns/engine/restore_guard.py"
_ENGINE = "tests/campaigns/engine"

MUTANTS = (
    Mutant(
        "the UPDATE does not ask for the state",
        _STATES,
        "Envio.objects.filter(id=ids[0], state=source)",
        "Envio.objects.filter(id=ids[0])",
        "tests/campaigns/test_envio_states.py",
    ),
    Mutant(
        "the compiled UPDATE does not ask for the state",
        _STATES,
        "rows().filter(state=source)",
        "rows()",
        f"{_ENGINE}/test_layers.py",
        mariadb=True,
    ),
    Mutant(
        "claims wait for rows that others hold",
        _STATEMENTS,
        "return rows.select_for_update(skip_locked=True).values_list(",
        "return rows.select_for_update().values_list(",
        f"{_ENGINE}/test_claim_locks.py",
        mariadb=True,
    ),
    Mutant(
        "claims wait for lanes that others hold",
        _CLAIM,
        ".select_for_update(skip_locked=True))",
        ".select_for_update())",
        f"{_ENGINE}/test_claim_locks.py",
        mariadb=True,
    ),
    Mutant(
        "the quota is read before it is locked",
        _CLAIM,
        "if not statements.charge_session_day(id=slot.session_day_id, limit=slot.session_limit):",
        "day = SessionDay.objects.filter(id=slot.session_day_id)\n"
        '    if day.get().used >= slot.session_limit or not day.update(used=F("used") + 1):',
        f"{_ENGINE}/test_claim_locks.py",
        mariadb=True,
    ),
    Mutant(
        "a limit is not asked for when it is charged",
        _STATEMENTS,
        "SessionDay.objects.filter(id=_id, used__lt=_limit)",
        "SessionDay.objects.filter(id=_id)",
        "tests/faults/test_time_faults.py",
    ),
    Mutant(
        "a cap is not asked for when it is charged",
        _STATEMENTS,
        "ScheduleDay.objects.filter(id=_id, used__lt=_limit)",
        "ScheduleDay.objects.filter(id=_id)",
        "tests/faults/test_time_faults.py",
    ),
    Mutant(
        "settled before it is sent, as the predecessor did",
        _SEND,
        "self._io.submit(claim.token, functools.partial(hand_over, flight.gateway, message, since=started))",
        'self._settle(flight, SendResult(message_id=str(message.client_message_id), http_status=200, host=""))',
        f"{_ENGINE}/test_tick.py",
    ),
    Mutant(
        "a lease that ran out goes back to pendiente whatever left",
        "campaigns/engine/reap.py",
        "if envio.dispatched_at is not None:\n        target",
        "if False:\n        target",
        f"{_ENGINE}/test_reap.py",
    ),
    Mutant(
        "callbacks step back",
        _RECEIPTS,
        "if ack > envio.ack:",
        "if ack != envio.ack:",
        "tests/campaigns/test_receipts.py",
    ),
    Mutant(
        "a repeated callback is news",
        _RECEIPTS,
        "if getattr(envio, _TIME_FIELD[ack]) is None:",
        "if True:",
        "tests/faults/test_gateway_faults.py",
    ),
    Mutant(
        "a repeated callback moves the envío again",
        _RECEIPTS,
        "    if before is EnvioState.SENT:\n",
        "    if before is EnvioState.SENT and envio.message_id != message_id:\n",
        "tests/campaigns/test_receipts.py",
    ),
    Mutant(
        "a callback that nobody knows yet is lost",
        _RECEIPTS,
        "    if envio is None:\n        EarlyReceipt",
        "    if envio is None:\n        return None\n        EarlyReceipt",
        "tests/faults/test_gateway_faults.py",
    ),
    Mutant(
        "a failure settles what another token holds",
        _SETTLE,
        "guard=Q(token=claim.token), now=now, **fields\n    )\n    close_attempt(\n",
        "now=now, **fields\n    )\n    close_attempt(\n",
        f"{_ENGINE}/test_settle.py",
    ),
    Mutant(
        "nothing is committed before the socket opens",
        _STATEMENTS,
        "PreparedUpdate(_may_go, dispatched_at=_now)",
        "PreparedUpdate(_may_go, ack=0)",
        "tests/faults/test_crash_points.py",
    ),
    Mutant(
        "a pause is not seen before the socket",
        _STATEMENTS,
        ".filter(~Exists(opted_out), Exists(running))",
        ".filter(~Exists(opted_out))",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "an opt-out is not seen before the socket",
        _STATEMENTS,
        ".filter(~Exists(opted_out), Exists(running))",
        ".filter(Exists(running))",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "the kill switch is not seen before the socket",
        _STATEMENTS,
        "        .filter(Q(switch__isnull=True) | Q(switch=True))\n",
        "",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "a send begins with too little left of its lease",
        _STATEMENTS,
        ", lease_until__gt=_lease_until)",
        ")",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "a stopped process sends when it wakes up",
        _DISPATCH,
        "if boot_seconds() - since > DISPATCH_FRESH_SECONDS:",
        "if False:",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "silence counts as not sent",
        "campaigns/engine/gateway_answers.py",
        "return GatewayError(detail, outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code=code)",
        "return GatewayError(detail, outcome=Outcome.NOT_SENT, scope=Scope.MESSAGE, code=code)",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "a charge is given back twice",
        _SETTLE,
        "if Attempt.objects.filter(token=token, refunded=False).update(refunded=True):",
        "if Attempt.objects.filter(token=token).update(refunded=True):",
        f"{_ENGINE}/test_settle.py",
    ),
    Mutant(
        "the second run of a minute goes on",
        "campaigns/engine/tick.py",
        "    if tick is None:\n        return TickReport(ran=False)\n",
        "    if tick is None:\n        tick = Tick.objects.order_by('-id').first()\n",
        f"{_ENGINE}/test_tick.py",
    ),
    Mutant(
        "the first campaign of a line always comes first",
        "campaigns/engine/tick.py",
        "turn = self._rng.randrange(len(left))",
        "turn = 0",
        "tests/faults/test_neglect.py",
    ),
    Mutant(
        "what did not leave stays charged",
        _SETTLE,
        "if moved and error.outcome is not Outcome.UNKNOWN:",
        "if False:",
        "tests/faults/test_gateway_faults.py",
    ),
    Mutant(
        "not found counts where nobody recognises a repeat",
        "campaigns/engine/lookup.py",
        "if not sessions.has_capability(envio.session, Capability.DEDUPE):",
        "if False:",
        f"{_ENGINE}/test_lookup.py",
    ),
    Mutant(
        "the epoch of the journal is not compared with the database's",
        _GUARD,
        "self.tail.epochs[answers.database] > (answers.epoch or 0) or answers.told",
        "answers.told",
        f"{_ENGINE}/test_restore_guard.py",
    ),
    Mutant(
        "a restore is looked into by the machine that noticed and by no other",
        _GUARD,
        "        if answers.awaited or answers.foreign:\n",
        "        if answers.foreign:\n",
        f"{_ENGINE}/test_restore_guard.py",
    ),
    Mutant(
        "a restore that was taken in once is believed to have been taken in for ever",
        _GUARD,
        "answers.told < len(ours)",
        "False",
        f"{_ENGINE}/test_restore_guard.py",
    ),
    Mutant(
        "sending is switched on with journals missing",
        "campaigns/switch.py",
        "    if on:\n        _require_every_journal()\n",
        "",
        f"{_ENGINE}/test_restore_guard.py",
    ),
    Mutant(
        "who got a text of a forgotten campaign gets it again",
        _STATEMENTS,
        "        .filter(Q(settled_by__isnull=False) | ~Exists(written_to))\n",
        "",
        f"{_ENGINE}/test_restore_guard.py",
    ),
    Mutant(
        "only the file of this host's name is read",
        "campaigns/engine/journal.py",
        "if entry.is_file()]",
        "if entry.path == str(path())]",
        f"{_ENGINE}/test_restore_guard.py",
    ),
    Mutant(
        "a bare status proves that nothing left",
        "whatsapp/gateways/answers.py",
        "    if not _in_its_own_words(answer):\n        meaning = _in_doubt(meaning)\n",
        "",
        "tests/faults/test_bounded_tries.py",
    ),
    Mutant(
        "half of the contract's shape is a proof",
        "whatsapp/gateways/answers.py",
        'or not isinstance(body.get("message"), str)',
        "",
        "tests/whatsapp/gateways/test_send.py",
    ),
    Mutant(
        "a refusal for the session's sake is believed without a bound",
        _SETTLE,
        "if error.scope is Scope.SESSION and not _was_answered(answer, error):",
        "if error.scope is Scope.SESSION:",
        "tests/faults/test_bounded_tries.py",
    ),
    Mutant(
        "the pause after a doubt is forgotten when the line rests",
        _SETTLE,
        "(max(rest, SESSION_REST), burst) if in_doubt else (SESSION_REST, claim.burst_count)",
        "SESSION_REST, claim.burst_count",
        "tests/faults/test_bounded_tries.py",
    ),
    Mutant(
        "what was proven never sent stays charged",
        "campaigns/engine/lookup.py",
        "        _give_back_what_it_cost(envio)\n    return",
        "    return",
        f"{_ENGINE}/test_lookup.py",
    ),
)
