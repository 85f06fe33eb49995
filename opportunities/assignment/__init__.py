"""How a promoter gets clients: all in one durable transaction, or nothing.

request   the story: key → promoter → quota → draw → lot, opportunities and history → refund of what was not there
quota     the day's row, charged by a conditional UPDATE, and its ledger
draw      the pool first, oldest first, then free clients, by index and with SKIP LOCKED
facets    what can really be had now, counted with bounded work
"""
