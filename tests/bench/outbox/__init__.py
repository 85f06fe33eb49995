"""The outbox that the peers work on: what a plain Django project would write for the same job."""
