"""Chromium on a live server, and a watchful eye: whatever a person would stumble over fails the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from pytest_django.live_server_helper import LiveServer

from leadmaster.accounts.models import User
from tests import company as companies
from tests.browser.eye import Eye
from tests.simulator import simulator

__all__ = ["simulator"]

_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESKTOP = 360, 1440


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    # Playwright keeps an event loop in this thread, and Django would take our own calls for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        yield playwright
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium(_playwright: Playwright) -> Iterator[Browser]:
    browser = _playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def company(transactional_db: None) -> companies.Company:
    return companies.build()


OpenPage = Callable[..., Eye]


@pytest.fixture
def look(chromium: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """`look(width, user)`: a browser of that width in which this person has logged in. Checked again at the end."""
    eyes: list[Eye] = []

    def open_page(width: int, user: User | None = None, *, dark: bool = False, worker: bool = False) -> Eye:
        context = chromium.new_context(
            viewport={"width": width, "height": 800 if width < 700 else 900},
            locale="es-AR",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            # Where a worker answers, Playwright sees no request: only the stories without a network have one.
            service_workers="allow" if worker else "block",
        )
        context.set_default_timeout(15_000)
        page: Page = context.new_page()
        eye = Eye(page, base_url=live_server.url, width=width)
        eyes.append(eye)
        if user is not None:
            # The door has tests of its own; here a cookie is as good and quicker.
            cookie = companies.signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
            eye.go("/")
        return eye

    yield open_page
    for eye in eyes:
        eye.page.context.close()
    for eye in eyes:
        eye.check_quiet()
