"""Another session manager, written from `docs/session-manager.openapi.yaml` alone.

It keeps the contract in what the contract promises (its own error shape means that nothing left, a 2xx with an id means
that WhatsApp has the message, an unknown id was never sent) and misbehaves in everything else, by seed.

* `provider`: the server, its tenants and the ledger of what was really delivered.
* `misbehaviours`: every way to answer a send badly, and whether the message left before.
* `callbacks`: what is told later: late, twice, backwards, in heaps, with false times and with rubbish between.
"""
