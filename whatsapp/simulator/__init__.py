"""A session manager that runs here: another process, real HTTP, and every fault on demand.

It plays the other side of docs/session-manager.openapi.yaml and shares nothing with the product but that contract: no
table, no model, no setting. What it "delivers" to WhatsApp is a line in an append-only ledger, so that a checker can
compare what really happened with what our tables say.

    tenants.py    sessions: READY, CONNECTING, AWAITING_QR, DISCONNECTED, and pairing against the clock
    faults.py     which request meets which fault
    ledger.py     what was delivered, append-only
    callbacks.py  signed acknowledgements, session states and inbound messages
    spoiling.py   replies as a fault wants them
    app.py        the contract's verbs; its routes are in whatsapp/contract
    control.py    /_control/…: how a test, or a person with a browser, moves all of the above
"""
