"""Who did what, and who changed what from what to what: read from the ledgers that exist, with no second copy.

entries    a day's lines of every ledger, by person and object, within what the reader supervises
table      the same as a file
"""
