"""A session manager of ours: the contract's server with WhatsApp's own protocol behind it, in a process of its own.

WhatsApp knows no such client: a number that uses one can be banned. It has not been tried against WhatsApp itself.

    phone.py            what a phone is to us: a Protocol with few verbs, and what it tells
    child_phone.py      a phone as a process of its own, one per open line, that speaks JSON lines
    neonize_program.py  that process: the only module that knows neonize
    vault.py            one file of credentials per line: sealed on disk, plain only in memory while the line is open
    store.py            what must outlive this process: our ids of messages, events not yet told, lines
    outbox.py           tells events to the callback address until they are taken
    line.py             one line: dialling, pairing against the clock, sending, and coming back
    manager.py          the contract's routes over all lines
    process.py          starting, one per directory, and ending
"""
