"""The product with one of its doors left ajar: addresses, names, who may. And the tests that have to notice."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_ADDRESSES = "tests/whatsapp/test_addresses.py"
_SESSIONS = "tests/whatsapp/test_admin_session.py"
_FIELDS = "tests/lib/api/test_known_fields.py"
_REQUESTS = "tests/test_api_requests.py"

MUTANTS = (
    Mutant(
        "the canonical address: the written default is another gateway",
        "whatsapp/addresses.py",
        'return "" if written == default() else written',
        "return written",
        _ADDRESSES,
    ),
    Mutant(
        "the canonical address: the column keeps what was typed",
        "whatsapp/addresses.py",
        "            return stored(value)\n",
        "            return value\n",
        _ADDRESSES,
    ),
    Mutant(
        "the canonical address: a changed one keeps the stored secrets",
        "whatsapp/session_editing.py",
        'wanted = {**dict.fromkeys(SECRETS, ""), **wanted}',
        "pass",
        _SESSIONS,
    ),
    Mutant(
        "any supervisor writes addresses and secrets",
        "whatsapp/session_editing.py",
        "    if not by.is_administrator:\n        errors |=",
        "    if False:\n        errors |=",
        "tests/whatsapp/test_api.py",
    ),
    Mutant(
        "a name may lead to the cloud's own address",
        "whatsapp/gateways/transport.py",
        "if hosts.is_forbidden(str(opened.getpeername()[0])):",
        "if False:",
        _ADDRESSES,
    ),
    Mutant(
        "the unknown field is left out without a word",
        "leadmaster/lib/api/serializers.py",
        "        if refused:\n            raise ValidationError(refused)\n        return value",
        "        return value",
        _FIELDS,
    ),
    Mutant(
        "the unknown field: what is only read may be sent",
        "leadmaster/lib/api/serializers.py",
        "| {name: [sentence] for name in sorted(read)}",
        "",
        _FIELDS,
    ),
    Mutant(
        "the unknown field: a misspelt filter answers with every row",
        "leadmaster/lib/api/requests.py",
        "refused = unknown_names(request.query_params, described.query)",
        "refused: dict[str, list[str]] = {}",
        _REQUESTS,
    ),
    Mutant(
        "the unknown field: a verb without data takes any",
        "leadmaster/lib/api/requests.py",
        "if changes and request.data and not described.has_body:",
        "if False:",
        _REQUESTS,
    ),
    Mutant(
        "a stranger's body is judged before the row",
        "leadmaster/lib/api/requests.py",
        "if changes or refused:",
        "if False:",
        _REQUESTS,
    ),
    Mutant(
        "a change writes every column",
        "leadmaster/lib/api/serializers.py",
        "instance.save(update_fields=sorted(columns | kept))",
        "instance.save()",
        _REQUESTS,
    ),
    Mutant(
        "JSON as deep as the interpreter bears",
        "leadmaster/lib/bounded_json.py",
        "if depth > MAX_DEPTH:",
        "if False:",
        "tests/lib/test_bounded_json.py",
    ),
)
