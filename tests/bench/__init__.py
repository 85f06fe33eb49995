"""The engine measured: `make bench`, or `python -m tests.bench PART…` on a MariaDB made for throwing away.

Each part is a module with a `run()` and prints its own lines; docs/benchmarks.md says what they mean.
"""
