"""Rows for tests, by app. Free of surprising behaviour: a factory makes the row that was asked for and what the
database demands for it, and nothing that a test could mistake for its own doing."""
