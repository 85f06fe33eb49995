"""Simulated time: `speed` times as fast as the real one, and movable."""

from __future__ import annotations

import asyncio
import datetime as dt
import time


class Clock:
    """Seconds since the start, as the simulated world counts them. Belongs to one event loop."""

    def __init__(self, *, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed is {speed}: write a number above 0")
        self.speed = speed
        self._started = time.monotonic()
        self._moved = 0.0
        self._jump = asyncio.Event()

    def time(self) -> float:
        return (time.monotonic() - self._started) * self.speed + self._moved

    def real_moment(self, at: float) -> dt.datetime:
        """When `at` will come (or came) on the wall clock; aware, UTC. A countdown on a screen runs to it."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=(at - self.time()) / self.speed)

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.time() + seconds)

    async def sleep_until(self, at: float) -> None:
        while (left := at - self.time()) > 0:
            jump = self._jump
            try:
                async with asyncio.timeout(left / self.speed):
                    await jump.wait()
            except TimeoutError:
                pass

    async def advance(self, seconds: float) -> None:
        """Move time forward; everything that falls due has begun to happen when this returns."""
        self._moved += seconds
        self._jump.set()
        self._jump = asyncio.Event()
        for _turn in range(20):
            await asyncio.sleep(0)
