"""What a phone loads the first time, as it comes over the air: 60 kB at the most, without pictures."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage
from django.test import Client as Browser

from leadmaster.lib.static_files import HashedFiles
from opportunities.models import Opportunity
from tests.opportunities.web.conftest import World, browser, world

__all__ = ["browser", "world"]

_MOST = 60_000


def bytes_of(browser: Browser, path: str) -> int:
    page = browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    asked = set(re.findall(r'(?:src|href)="/static/([^"]+\.(?:css|js))"', gzip.decompress(page.content).decode()))
    assert len(asked) > 5
    return len(page.content) + sum(len(gzip.compress(_file(name), 9)) for name in asked)


def _file(name: str) -> bytes:
    found = finders.find(name)
    assert found is not None
    return Path(str(found)).read_bytes()


def test_the_first_load_of_a_phones_page_is_small(world: World, browser: Browser) -> None:
    rows: list[Opportunity] = world.give(12)

    for path in ("/", "/oportunidades/", f"/oportunidades/{rows[0].pk}/", "/conversaciones/", "/pedir/", "/captar/"):
        assert bytes_of(browser, path) <= _MOST, path


def test_a_page_is_never_twice_of_the_same_length(browser: Browser) -> None:
    """What is guessed by the length of a compressed page is not told by ours."""
    lengths = {len(browser.get("/captar/", headers={"Accept-Encoding": "gzip"}).content) for _time in range(12)}

    assert len(lengths) > 1


def test_files_are_collected_under_a_name_of_their_content_and_compressed(tmp_path: Path) -> None:
    source = FileSystemStorage(location=tmp_path / "ours")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "page.css").write_text("body { color: red; }\n" * 100)
    storage = HashedFiles(location=tmp_path / "out", base_url="/static/")
    storage._save("page.css", (source.open("page.css")))

    ended = list(storage.post_process({"page.css": (source, "page.css")}))

    assert not [error for _old, _new, error in ended if isinstance(error, Exception)]
    name = storage.stored_name("page.css")
    assert re.fullmatch(r"page\.[0-9a-f]{12}\.css", name)
    assert (tmp_path / "out" / f"{name}.gz").exists()


@pytest.mark.parametrize("name", ["leadmaster/never-collected.css"])
def test_what_was_not_collected_yet_keeps_its_name(tmp_path: Path, name: str) -> None:
    storage = HashedFiles(location=tmp_path, base_url="/static/")

    assert storage.url(name) == f"/static/{name}"
