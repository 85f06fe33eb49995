"""The far side of docs/session-manager.openapi.yaml, once: whoever answers this contract stands on these modules.

Two do: the simulator, whose phone is a ledger, and the session manager, whose phone is WhatsApp's. They share nothing with
the product but the contract: no table, no model, no setting.

    http.py       one small HTTP/1.1 server
    clock.py      time that tests may shorten or move
    wire.py       names, states, requests and replies as the contract writes them
    app.py        the contract's routes, over lines that somebody else keeps
    callbacks.py  the shape of events, their signature, and how one is posted
"""
