"""A supervisor's decisions, to one row or to many: the question, the report, the undo."""
