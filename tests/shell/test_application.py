"""What makes an application of the pages: manifest, icons, worker, and a page that tells nothing of anybody."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client as Browser
from django.test import RequestFactory
from django.views.defaults import server_error

from leadmaster.shell import files
from tests.opportunities.web.conftest import World, browser, world

__all__ = ["browser", "world"]

_STATIC = Path(settings.BASE_DIR) / "static"


def size_of(name: str) -> tuple[int, int]:
    data = (_STATIC / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


@pytest.mark.django_db
def test_the_manifest_is_one_and_its_icons_are_as_large_as_it_says() -> None:
    answer = Browser().get("/app.webmanifest")
    told = json.loads(answer.content)

    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert (told["start_url"], told["scope"], told["display"]) == ("/", "/", "standalone")
    bitmaps = [icon for icon in told["icons"] if icon["type"] == "image/png"]
    for icon in bitmaps:
        width, height = size_of(icon["src"].removeprefix("/static/"))
        assert icon["sizes"] == f"{width}x{height}"
    assert {(icon["sizes"], icon["purpose"]) for icon in bitmaps} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    assert size_of("leadmaster/icon-apple-180.png") == (180, 180)


def test_its_shortcuts_lead_somewhere(browser: Browser) -> None:
    told = json.loads(browser.get("/app.webmanifest").content)

    assert [browser.get(one["url"]).status_code for one in told["shortcuts"]] == [200, 200, 200]


@pytest.mark.django_db
def test_the_worker_is_at_the_root_a_script_and_asked_for_each_time() -> None:
    answer = Browser().get("/sw.js")

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer.headers["Cache-Control"]
    assert "'self'" in answer.headers["Content-Security-Policy"]
    first = answer.content.decode().splitlines()[0]
    told = json.loads(first.removeprefix("const SHELL = ").removesuffix(";"))
    assert told["version"] == files.version()
    assert told["minutes"] == settings.SESSION_IDLE_MINUTES
    # One that is not there would keep the worker from being installed.
    assert [name for name in files.names() if finders.find(name) is None] == []


def test_it_keeps_every_file_of_our_own_that_a_page_asks_for(browser: Browser) -> None:
    kept = set(files.addresses())

    for path in ("/", "/oportunidades/", "/conversaciones/", "/captar/", "/sin-conexion/"):
        asked = _files_of(browser.get(path).content.decode())
        assert asked <= kept, path


def _files_of(page: str) -> set[str]:
    parts = page.replace('src="', 'href="').split('href="')[1:]
    addresses = {part.split('"', 1)[0] for part in parts}
    return {address for address in addresses if address.endswith((".css", ".js")) and "/static/" in address}


def test_the_page_without_a_network_says_nothing_of_anybody(world: World) -> None:
    page = Browser().get("/sin-conexion/")

    assert page.status_code == 200
    assert "data-person" not in page.content.decode()
    assert "X-Person" not in page.headers


def test_dark_is_the_same_dark_on_both_sides() -> None:
    text = (_STATIC / "leadmaster" / "tokens.css").read_text()

    follows, switched = text.split(":root[data-follows] {")[1].split("}")[0], text.split("\n.dark {")[1].split("}")[0]

    assert follows.split() == switched.split()
    light = {part.split(":")[0].strip() for part in text.split(":root {")[1].split("/* Type")[0].split(";")}
    dark = {part.split(":")[0].strip() for part in switched.split(";")}
    assert light - {""} == dark - {""}


def test_an_error_page_leads_on(browser: Browser) -> None:
    """Whoever has a desk has their tabs, and 500 has its colours though nothing of the page can be asked."""
    missing = browser.get("/no-hay-nada/")
    broken = server_error(RequestFactory().get("/"))

    assert (missing.status_code, broken.status_code) == (404, 500)
    assert 'class="tabs"' in missing.content.decode()
    assert "aria-current" not in missing.content.decode()
    assert "/static/leadmaster/web.css" in broken.content.decode()
    assert 'class="tabs"' not in Browser().get("/no-hay-nada/").content.decode()
