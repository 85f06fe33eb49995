"""Notices on devices: encrypted for the browser alone, signed by us, told once, and never to an address of anybody's choice."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone
from py_vapid import Vapid02
from pytest_django import Settings

from leadmaster.ops import push
from leadmaster.ops.models import PushNotice, PushSubscription
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.ops.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db

KEY = "A" * 42 + "E"
SECRET = b"sixteen bytes ok"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Browser:
    """What a browser keeps to itself, and what it hands in."""

    def __init__(self, endpoint: str) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.given = {"endpoint": endpoint, "p256dh": encoded(point), "auth": encoded(SECRET)}

    def opens(self, body: bytes) -> Any:
        return json.loads(http_ece.decrypt(body, private_key=self.private, auth_secret=SECRET, version="aes128gcm"))


@pytest.fixture
def service(settings: Settings) -> Iterator[Receiver]:
    settings.WEB_PUSH_KEY = KEY
    with receiving() as receiver:
        receiver.status = 201
        settings.WEB_PUSH_SERVICES = [receiver.url.removesuffix("/hook")]
        yield receiver


def news(key: str = "reply-1") -> push.News:
    return push.News(
        key=key, tag="conversation-1", title="Te respondieron", body="Ana escribió.", url="/conversaciones/1/"
    )


def test_what_is_told_is_opened_by_its_browser_alone_and_signed_by_us(service: Receiver) -> None:
    user, browser = UserFactory.create(), Browser(service.url)
    push.subscribe(user.pk, **browser.given, now=timezone.now())

    assert push.tell(user.pk, [news()], now=timezone.now()) == 1

    ((sent, body),) = service.requests
    headers = {name.lower(): value for name, value in sent.items()}
    assert browser.opens(body) == {
        "tag": "conversation-1",
        "title": "Te respondieron",
        "body": "Ana escribió.",
        "url": "/conversaciones/1/",
    }
    assert b"Ana" not in body
    assert (headers["content-encoding"], headers["ttl"], headers["urgency"]) == ("aes128gcm", "3600", "high")
    assert Vapid02.verify(headers["authorization"])
    assert f"k={push.public_key()}" in headers["authorization"]
    with pytest.raises(Exception, match="ecrypt"):
        Browser(service.url).opens(body)


def test_a_thing_is_told_once_on_each_device_and_to_its_person_alone(service: Receiver) -> None:
    user, other, now = UserFactory.create(), UserFactory.create(), timezone.now()
    for number in range(2):
        push.subscribe(user.pk, **Browser(f"{service.url}/{number}").given, now=now)
    push.subscribe(other.pk, **Browser(f"{service.url}/other").given, now=now)

    for _run in range(3):
        push.tell(user.pk, [news()], now=now)
    assert len(service.requests) == 2

    push.tell(user.pk, [news("reply-2")], now=now)
    assert len(service.requests) == 4


@pytest.mark.parametrize(("status", "kept"), [(404, 0), (410, 0), (429, 1), (500, 1), (307, 1)])
def test_what_a_browser_gave_up_is_forgotten_and_trouble_of_the_service_is_not(
    service: Receiver, status: int, kept: int
) -> None:
    user = UserFactory.create()
    push.subscribe(user.pk, **Browser(service.url).given, now=timezone.now())
    service.status = status

    push.tell(user.pk, [news()], now=timezone.now())

    assert PushSubscription.objects.count() == kept
    assert len(service.requests) == 1


def test_a_service_that_is_away_stops_nobody(service: Receiver, settings: Settings) -> None:
    user, now = UserFactory.create(), timezone.now()
    settings.WEB_PUSH_SERVICES = ["http://127.0.0.1:9", *settings.WEB_PUSH_SERVICES]
    push.subscribe(user.pk, **Browser("http://127.0.0.1:9/away").given, now=now)
    push.subscribe(user.pk, **Browser(service.url).given, now=now)

    assert push.tell(user.pk, [news()], now=now) == 1
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com@evil.example/x",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://[fcm/x",
        "",
        "https://fcm.googleapis.com/" + "x" * 3000,
    ],
)
def test_an_address_that_is_no_push_services_is_not_taken(service: Receiver, endpoint: str) -> None:
    answer = signed_in(UserFactory.create()).post("/cuenta/avisos/", Browser(endpoint).given)

    assert (answer.status_code, answer.json()["said"]) == (400, ["Este navegador no puede recibir avisos."])
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
    ],
)
def test_the_browsers_own_services_are(service: Receiver, endpoint: str) -> None:
    user = UserFactory.create()

    assert signed_in(user).post("/cuenta/avisos/", Browser(endpoint).given).status_code == 204
    assert PushSubscription.objects.get().user == user


@pytest.mark.parametrize("broken", [{"p256dh": "x"}, {"auth": "x"}, {"p256dh": encoded(b"\4" + b"\1" * 64)}])
def test_keys_that_are_none_are_not_taken(service: Receiver, broken: dict[str, str]) -> None:
    answer = signed_in(UserFactory.create()).post("/cuenta/avisos/", {**Browser(service.url).given, **broken})

    assert answer.status_code == 400


def test_a_browser_is_whoever_used_it_last_and_ends_its_own_alone(service: Receiver) -> None:
    first, second = UserFactory.create(), UserFactory.create()
    browser = Browser(service.url)
    for user in (first, second):
        signed_in(user).post("/cuenta/avisos/", browser.given)
    assert PushSubscription.objects.get().user == second

    signed_in(first).post("/cuenta/avisos/terminar/", {"endpoint": service.url})
    assert PushSubscription.objects.count() == 1
    signed_in(second).post("/cuenta/avisos/terminar/", {"endpoint": service.url})
    assert not PushSubscription.objects.exists()


def test_a_person_has_so_many_devices_and_the_newest_stay(service: Receiver) -> None:
    user = UserFactory.create()
    for number in range(push.MOST + 2):
        push.subscribe(user.pk, **Browser(f"{service.url}/{number}").given, now=timezone.now())

    kept = PushSubscription.objects.values_list("endpoint", flat=True)
    assert len(kept) == push.MOST
    assert f"{service.url}/0" not in kept


def test_without_a_key_nothing_is_offered_or_taken(settings: Settings) -> None:
    settings.WEB_PUSH_KEY = ""
    browser = signed_in(UserFactory.create())

    assert browser.get("/sesion/").json()["push"] == ""
    assert browser.post("/cuenta/avisos/", Browser("https://fcm.googleapis.com/x").given).status_code == 409


def test_what_was_told_long_ago_is_forgotten(service: Receiver) -> None:
    user, now = UserFactory.create(), timezone.now()
    push.tell(user.pk, [news()], now=now - dt.timedelta(days=4))

    push.forget_old(now)

    assert not PushNotice.objects.exists()
