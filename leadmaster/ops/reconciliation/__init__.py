"""Is what the tables say true? Each check looks for one kind of lie, says what is wrong, and may put it right.

* `check`: what a check is, and the finding that it yields. A new one is a class of some twenty lines.
* `registry`: the checks of every app, by the names that the settings give.
* `run`: walks the tables in batches of keys, examines each suspect under its locks, and mends when it is asked to.
* `nightly`: the same by schedule, in slices, with the findings kept for the page and an alert.

The apps bring their checks: `campaigns.reconciliation`, `opportunities.reconciliation`, `leadmaster.directory.reconciliation`.
"""
