"""Processes of their own that work the desk, started by the tests beside them and killed by some.

`python -m tests.faults.processes desk:works …` calls `works` of `desk.py` with the arguments that follow. They are
modules and no texts, so that whoever renames something in the product renames it here too.
"""
