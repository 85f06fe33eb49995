"""Other companies' gateways, as far as our clients ask: real HTTP, callbacks as each signs them, faults on demand.

They stand beside the session manager's simulator and use its server, clock, faults and ledger.

    emulator.py   what all have in common: a send from the request to its callbacks, and the control routes
    meta.py       Meta's Cloud API
    waha.py       WAHA
    evolution.py  Evolution API v2
"""
