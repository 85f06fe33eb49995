"""The predecessor's databases, taken over without their lies. `manage.py import_legacy`.

run          the order of things, one report
dump         a file becomes a throwaway server          source    its tables as text, page by page, in one snapshot
values       what a cell says, or why it says nothing   ledger    what came in already: a second run changes nothing
accusations  marks of a scheduler that are no messages  copies    people who got one message several times
report       what was read, taken, refused, corrected   …         each table's room decides, and writes by the doors

Every table is read whole and each row decided before anything of it is written, so that a dry run says exactly what
the real one does. A batch and the lines that say "these came in" are one transaction: a run that is killed goes on
where it was.
"""
