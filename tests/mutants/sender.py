"""The sender with one of its guards taken out, and the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_CLAIM = "campaigns/engine/claim.py"
_SEND = "campaigns/engine/send.py"
_SETTLE = "campaigns/engine/settle.py"
_DISPATCH = "campaigns/engine/dispatch.py"
_STATES = "campaigns/envio_states.py"
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
        "claims wait for rows that others hold",
        _CLAIM,
        "return rows.select_for_update(skip_locked=True).first()",
        "return rows.select_for_update().first()",
        f"{_ENGINE}/test_claim_locks.py",
        mariadb=True,
    ),
    Mutant(
        "claims wait for lanes that others hold",
        _CLAIM,
        "held = list(lanes.select_for_update(skip_locked=True))",
        "held = list(lanes.select_for_update())",
        f"{_ENGINE}/test_claim_locks.py",
        mariadb=True,
    ),
    Mutant(
        "the quota is read before it is locked",
        _CLAIM,
        'if not session_day.filter(used__lt=slot.session_limit).update(used=F("used") + 1):',
        'if session_day.get().used >= slot.session_limit or not session_day.update(used=F("used") + 1):',
        f"{_ENGINE}/test_claim_locks.py",
        mariadb=True,
    ),
    Mutant(
        "settled before it is sent, as the predecessor did",
        _SEND,
        "self._wire.submit(claim.token, functools.partial(hand_over, flight.gateway, message, since=started))",
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
        "campaigns/receipts.py",
        "if ack > envio.ack:",
        "if ack != envio.ack:",
        "tests/campaigns/test_receipts.py",
    ),
    Mutant(
        "a failure settles what another token holds",
        _SETTLE,
        "target=target, guard=Q(token=claim.token), **fields\n    )\n    close_attempt(\n        claim.token,\n        _OUTCOMES",
        "target=target, **fields\n    )\n    close_attempt(\n        claim.token,\n        _OUTCOMES",
        f"{_ENGINE}/test_settle.py",
    ),
    Mutant(
        "nothing is committed before the socket opens",
        _DISPATCH,
        ".update(dispatched_at=now)",
        ".update(ack=0)",
        "tests/faults/test_crash_points.py",
    ),
    Mutant(
        "a pause is not seen before the socket",
        _DISPATCH,
        "Exists(running), ",
        "",
        f"{_ENGINE}/test_send.py",
    ),
    Mutant(
        "an opt-out is not seen before the socket",
        _DISPATCH,
        "~Exists(opted_out), ",
        "",
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
        "campaigns/engine/verdicts.py",
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
)
