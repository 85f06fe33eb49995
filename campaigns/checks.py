"""Start-up checks of the sender's times: what must hold between them, or a message could be taken from under a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from campaigns.engine.timing import CLAIM_SECONDS, COLLECT_MARGIN_SECONDS, LEASE_SECONDS


def send_fits_the_lease(**_kwargs: Any) -> Sequence[CheckMessage]:
    """Deadline < lease / 3: a send that takes its whole time, twice over, still holds what it claimed."""
    deadline = settings.SESSION_MANAGER_SEND_TIMEOUT
    longest = (LEASE_SECONDS - 1) // 3
    if deadline <= longest:
        return []
    return [
        checks.Error(
            f"SESSION_MANAGER_SEND_TIMEOUT is {deadline} s, too long for a lease of {LEASE_SECONDS} s: another worker "
            "could take a message over while its send is still under way.",
            hint=f"Write a number from 5 to {longest}.",
            id="campaigns.E001",
        )
    ]


def tick_fits_the_cluster(**_kwargs: Any) -> Sequence[CheckMessage]:
    """75 + deadline + 20 < timeout < retry: a tick is neither killed while it collects nor handed out twice."""
    deadline = settings.SESSION_MANAGER_SEND_TIMEOUT
    needed = CLAIM_SECONDS + deadline + COLLECT_MARGIN_SECONDS
    cluster: dict[str, Any] = settings.Q_CLUSTER
    timeout, retry = cluster["timeout"], cluster["retry"]
    if needed < timeout < retry:
        return []
    return [
        checks.Error(
            f"A tick may take {needed} s ({CLAIM_SECONDS} + {deadline} + {COLLECT_MARGIN_SECONDS}), and the cluster ends "
            f"tasks after {timeout} s and hands them out again after {retry} s. Each must be longer than the one "
            "before.",
            hint="Lower SESSION_MANAGER_SEND_TIMEOUT, or raise Q_CLUSTER['timeout'] and ['retry'] in settings.",
            id="campaigns.E002",
        )
    ]


def register_checks() -> None:
    checks.register(send_fits_the_lease)
    checks.register(tick_fits_the_cluster)
