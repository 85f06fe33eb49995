"""What a person would stumble over: errors in the console, requests that fail, pages that scroll sideways, and what
axe finds serious."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
_GRAVE = frozenset({"serious", "critical"})


class Eye:
    """A page under watch."""

    def __init__(self, page: Page, *, base_url: str, width: int) -> None:
        self.page = page
        self.width = width
        self._base_url = base_url
        self._troubles: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._troubles.append(f"script: {error}"))
        page.on("requestfailed", lambda request: self._failed(request.url, request.failure or ""))
        page.on("response", self._answered)
        page.on("request", lambda request: self.requests.append(request.url))

    def log_in(self, username: str, password: str) -> None:
        self.go("/login/")
        self.page.get_by_label("Usuario").fill(username)
        self.page.get_by_label("Contraseña").fill(password)
        self.page.get_by_role("button", name="Entrar").click()
        self.page.wait_for_load_state()

    def go(self, path: str) -> None:
        self.page.goto(f"{self._base_url}{path}")
        # Alpine and htmx have set the page up, and a first refresh has come.
        self.page.wait_for_load_state("networkidle")

    def check(self, name: str) -> None:
        """Keep a picture and look at everything."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{self.width}.png", full_page=True)
        sideways = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert sideways <= 0, f"{name} scrolls {sideways} px sideways at {self.width} px"
        assert not self._grave(), f"{name} at {self.width} px: {self._grave()}"
        self.check_quiet()

    def check_quiet(self) -> None:
        assert not self._troubles, self._troubles

    def forget_troubles(self) -> None:
        """What was meant to fail did."""
        self._troubles.clear()

    def _grave(self) -> list[str]:
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{violation['id']}: {violation['nodes'][0]['html'][:200]} {violation['nodes'][0].get('failureSummary', '')[:300]}"
            for violation in found
            if violation["impact"] in _GRAVE
        ]

    def _heard(self, message: ConsoleMessage) -> None:
        # Where a story has no worker, Playwright says so by itself.
        if message.type in {"error", "warning"} and "blocked by Playwright" not in message.text:
            self._troubles.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._troubles.append(f"{response.status} {response.url}")

    def _failed(self, url: str, why: str) -> None:
        # Going to the next page while a part is being refreshed is no fault.
        if not re.search(r"ERR_ABORTED", why):
            self._troubles.append(f"failed: {url} {why}")
