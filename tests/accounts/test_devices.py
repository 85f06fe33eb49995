"""Where somebody is logged in, and nowhere else once they say so."""

from __future__ import annotations

import pytest
from django.test import Client

from leadmaster.accounts.devices import name_of
from leadmaster.accounts.middleware import SEEN_AT
from leadmaster.accounts.models import Device, User
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
ANDROID = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"


def entered(user: User, agent: str) -> Client:
    browser = Client(headers={"User-Agent": agent})
    browser.post("/login/", {"username": user.username, "password": PASSWORD})
    browser.get("/cuenta/")
    return browser


def test_the_account_tells_where_one_is_logged_in_this_one_first() -> None:
    user = UserFactory.create()
    entered(user, IPHONE)
    entered(UserFactory.create(), ANDROID)

    page = entered(user, ANDROID).get("/cuenta/").content.decode()

    assert page.index("Chrome en Android") < page.index("Safari en iPhone")
    assert page.count("este, ahora") == 1
    assert page.count("Chrome en Android") == 1


def test_the_others_are_closed_at_once_and_this_one_goes_on() -> None:
    user = UserFactory.create()
    phone, here, other = entered(user, IPHONE), entered(user, ANDROID), entered(UserFactory.create(), IPHONE)
    # From before anybody noted devices.
    Device.objects.filter(user=user, agent=IPHONE).delete()

    answer = here.post("/cuenta/dispositivos/", follow=True)

    assert "Cerraste las demás sesiones" in answer.content.decode()
    assert phone.get("/cuenta/").status_code == 302
    assert here.get("/cuenta/").status_code == 200
    assert other.get("/cuenta/").status_code == 200
    assert phone.post("/login/", {"username": user.username, "password": PASSWORD}).status_code == 302


def test_a_log_out_takes_the_device_and_what_the_browser_kept() -> None:
    user = UserFactory.create()
    browser = entered(user, ANDROID)
    assert Device.objects.filter(user=user).count() == 1

    answer = browser.post("/logout/")

    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert not Device.objects.filter(user=user).exists()


def test_no_session_can_be_taken_over_by_who_reads_the_table() -> None:
    user = UserFactory.create()
    browser = entered(user, ANDROID)

    assert str(browser.session.session_key) not in str(Device.objects.values())
    assert SEEN_AT in browser.session


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (ANDROID, "Chrome en Android"),
        (IPHONE, "Safari en iPhone"),
        ("curl/8", "Otro navegador"),
        ("", "Otro navegador"),
    ],
)
def test_a_browser_has_a_name_that_people_know(agent: str, name: str) -> None:
    assert name_of(agent) == name
