from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.whatsapp.session_manager.running import Running, running
from tests.whatsapp.simulator.receiver import Receiver, receiving

Start = Callable[..., Running]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running_receiver:
        yield running_receiver


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts managers as `running` does, over `tmp_path` unless told otherwise."""
    with ExitStack() as stack:

        def started(home: Path = tmp_path, **values: Any) -> Running:
            return stack.enter_context(running(home, **values))

        yield started


@pytest.fixture
def manager(start: Start) -> Running:
    """One whose line "51" is ready."""
    handle = start()
    handle.link()
    return handle
