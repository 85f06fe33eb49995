"""The send engine: never two sends caused by us, never `enviado` without the gateway's own id, every doubt visible.

One tick is six steps, each a module, in this order:

    tick     opens the minute; a second run of the same minute leaves at once
    reap     gives back what a dead worker held: `pendiente` if nothing left, `incierto` if something may have
    plan     says what may go out now, and of everything else why not
    claim    takes free lanes, charges the day's limits and takes the first due envío of each, in one short transaction
    send     re-checks, commits `dispatched_at`, and only then opens the socket, outside any transaction
    settle   writes what the gateway said, one transaction per message; a success is applied even when the lease is gone

Beside it `why_not` tells people why nothing goes out this second, `lookup` asks gateways about uncertain ones, and
`restore_guard` compares `journal` with a database that may have come back from a backup.
"""
