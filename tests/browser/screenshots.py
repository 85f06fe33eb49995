"""Pictures of every page that a person can reach by links, in two widths, light and dark.

    python -m tests.browser.screenshots http://127.0.0.1:8000 build/screenshots admin:demo promotor1:demo

Against a server with the demonstration: pages are found by following links from each person's home, one picture for
each address pattern. Nothing is pressed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = {360: 800, 1440: 900}
_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_NOT_PAGES = re.compile(
    r"logout|/delete/|/report/$|/export|/download|\.(csv|xlsx|json|js|css|png|svg|ico)$|/api/|/static/|wa\.me|^tel:"
)


def pattern(path: str) -> str:
    """The page that an address shows, whichever row it shows it for."""
    return re.sub(r"[0-9]+|[0-9a-f]{8}-[0-9a-f-]{27}", "n", path).strip("/").replace("/", "_") or "home"


class Walk:
    """One person's pages, each address pattern once."""

    def __init__(self, page: Page, base_url: str, folder: Path, *, limit: int) -> None:
        self._page = page
        self._base = base_url
        self._folder = folder
        self._limit = limit
        self._seen: set[str] = set()

    def log_in(self, username: str, password: str) -> None:
        self._page.goto(f"{self._base}/login/")
        self._page.locator("input[name=username]").fill(username)
        self._page.locator("input[name=password]").fill(password)
        self._page.locator("input[name=password]").press("Enter")
        self._page.wait_for_load_state("networkidle")

    def go(self) -> Iterator[str]:
        """Follow the links breadth first; the path of each page that a picture was taken of."""
        queue = [urlsplit(self._page.url).path]
        while queue and len(self._seen) < self._limit:
            path = queue.pop(0)
            name = pattern(path)
            if name in self._seen:
                continue
            self._seen.add(name)
            response = self._page.goto(urljoin(self._base, path), wait_until="load")
            self._page.wait_for_timeout(400)
            if response is None or "text/html" not in response.headers.get("content-type", ""):
                continue
            self._page.screenshot(path=self._folder / f"{name[:90]}.png", full_page=True)
            yield f"{response.status} {path}"
            queue += [found for found in self._links() if pattern(found) not in self._seen]

    def _links(self) -> list[str]:
        hrefs: list[str] = self._page.eval_on_selector_all("a[href]", "links => links.map(a => a.href)")
        here = urlsplit(self._base).netloc
        paths = [urlsplit(href).path for href in hrefs if urlsplit(href).netloc == here]
        return [path for path in dict.fromkeys(paths) if not _NOT_PAGES.search(path)]


def take(browser: Browser, base_url: str, folder: Path, login: str, *, limit: int = 150) -> None:
    """One person's pages in each width, light and dark."""
    username, _colon, password = login.partition(":")
    for dark in (False, True):
        for width, height in WIDTHS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                locale="es-AR",
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            into = folder / username / f"{width}-{'dark' if dark else 'light'}"
            into.mkdir(parents=True, exist_ok=True)
            walk = Walk(context.new_page(), base_url, into, limit=limit)
            walk.log_in(username, password)
            for told in walk.go():
                sys.stdout.write(f"{username} {width} {told}\n")
            context.close()


def main(base_url: str, folder: str, *logins: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--headless", "--no-sandbox"])
        for login in logins:
            take(browser, base_url, Path(folder), login)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
