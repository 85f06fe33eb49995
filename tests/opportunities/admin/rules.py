"""What the tests of the desk's rules share: everybody who may come to a page, and everybody who may not."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client as Browser

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.opportunities.web.conftest import World

# Promoters and whoever is not logged in are sent to the door; the desk is not theirs.
OUTSIDE = ("promoter", "colleague", "stranger", "nobody")


def browser(world: World, who: str) -> Browser:
    """`administrator` and `nobody` beside the people of the world."""
    if who == "nobody":
        return Browser()
    if who == "administrator":
        return signed_in(administrator())
    return world.browser(who)


def administrator() -> User:
    found: User = User.objects.filter(role=Role.ADMINISTRATOR).first() or UserFactory.create(role=Role.ADMINISTRATOR)
    return found


def ask(world: World, who: str, url: str, method: str = "get", data: dict[str, Any] | None = None) -> int:
    """The status that this person is answered with; 302 to the door counts as 403."""
    answer: HttpResponse = getattr(browser(world, who), method)(url, data or {})
    if answer.status_code == 302 and "/login/" in answer.headers["Location"]:
        return 403
    return answer.status_code


def carried(page: str) -> dict[str, list[str]]:
    """The hidden fields of a rehearsal's page, as its button sends them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page):
        if name != "csrfmiddlewaretoken":
            found.setdefault(name, []).append(value)
    return found
