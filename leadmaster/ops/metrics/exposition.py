"""The answer itself, in the format that the scraper asks for."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from leadmaster.ops.metrics.database import DatabaseCollector
from leadmaster.ops.metrics.requests import REQUEST_SECONDS


def render(collector: DatabaseCollector, *, accept: str) -> tuple[bytes, str]:
    """The figures and their content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        # The sum of all processes of this web server, whichever of them answers.
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REQUEST_SECONDS)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
