"""Notices on a person's devices (Web Push): encrypted for the browser alone, signed by us, told once.

What a device is told lies on a locked screen for everybody to see: a given name, a number of things, never what a client
wrote nor how to reach them. A browser that shows one of our pages at that moment says nothing (worker.js). Nothing here
runs inside a transaction or a web request.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import get_language
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

from leadmaster.ops.models import PushNotice, PushSubscription

logger = logging.getLogger(__name__)

# The push services of the browsers. An address that a page hands in is asked by our server: it may be no other.
_SERVICES: Final = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)
_TIMEOUT: Final = 10
# What nobody saw within an hour is no news.
_TTL: Final = 3600
_LONGEST: Final = 2000
# A person's browsers: more are somebody else's.
MOST: Final = 10
_REMEMBERED: Final = dt.timedelta(days=3)
_GONE: Final = (404, 410)


class Unusable(ValueError):
    """What the browser handed in is no subscription of a push service that we know."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class News:
    """One thing to be told. `key` names it, so that it is told once; of one `tag` the newest replaces what is shown."""

    key: str
    tag: str
    title: str | Promise
    body: str | Promise
    url: str


def is_on() -> bool:
    return bool(settings.WEB_PUSH_KEY)


def public_key() -> str:
    """What a browser subscribes with, in base64url; empty where it is off."""
    if not is_on():
        return ""
    point = _vapid().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def subscribe(user_id: int, *, endpoint: str, p256dh: str, auth: str, now: dt.datetime) -> PushSubscription:
    """This browser is this person's from now on, whoever's it was. Raises Unusable."""
    if not _is_known(endpoint) or not _is_point(p256dh) or len(_bytes(auth)) != 16:
        raise Unusable
    given = {"user_id": user_id, "p256dh": p256dh, "auth": auth, "language": get_language() or "", "endpoint": endpoint}
    made, _created = PushSubscription.objects.update_or_create(
        digest=_digest(endpoint), defaults=given, create_defaults={**given, "created_at": now}
    )
    kept = PushSubscription.objects.filter(user=user_id).order_by("-id").values_list("pk", flat=True)[:MOST]
    PushSubscription.objects.filter(user=user_id).exclude(pk__in=list(kept)).delete()
    return made


def unsubscribe(user_id: int, endpoint: str) -> None:
    PushSubscription.objects.filter(user=user_id, digest=_digest(endpoint)).delete()


def people() -> list[int]:
    """Who may be told something."""
    rows = PushSubscription.objects.filter(user__is_active=True).order_by("user").values_list("user", flat=True)
    return list(rows.distinct())


def tell(user_id: int, news: Sequence[News], *, now: dt.datetime) -> int:
    """Tell what this person was not told yet; returns how many things. Each at most once, also when sending fails."""
    told = 0
    for one in news:
        if _claim(user_id, one.key, now=now):
            told += 1
            for device in PushSubscription.objects.filter(user=user_id):
                _deliver(device, one)
    return told


def forget_old(now: dt.datetime) -> None:
    PushNotice.objects.filter(told_at__lt=now - _REMEMBERED).delete()


def _claim(user_id: int, key: str, *, now: dt.datetime) -> bool:
    try:
        with transaction.atomic():
            PushNotice.objects.create(user_id=user_id, key=key, told_at=now)
    except IntegrityError:
        return False
    return True


def _deliver(device: PushSubscription, news: News) -> None:
    """One that its browser gave up is forgotten; any other failure is the push service's, and this notice is lost."""
    with translation.override(device.language or settings.LANGUAGE_CODE):
        told = {"tag": news.tag, "title": str(news.title), "body": str(news.body), "url": news.url}
    try:
        with requests.Session() as session:
            session.max_redirects = 0
            webpush(
                {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}},
                data=json.dumps(told),
                vapid_private_key=_vapid(),
                vapid_claims={"sub": _contact()},
                ttl=_TTL,
                timeout=_TIMEOUT,
                headers={"Urgency": "high"},
                requests_session=session,
            )
    except WebPushException as error:
        status = error.response.status_code if error.response is not None else None
        if status in _GONE:
            device.delete()
        else:
            logger.warning("a push service refused a notice: %s", status)
    except requests.RequestException as error:
        logger.warning("a push service did not answer: %s", type(error).__name__)


def _vapid() -> Vapid02:
    return Vapid02.from_raw(settings.WEB_PUSH_KEY.encode())


def _contact() -> str:
    """Whom a push service writes to when we misbehave."""
    address = next(iter(settings.ALERT_EMAILS), settings.DEFAULT_FROM_EMAIL)
    return f"mailto:{address.rpartition('<')[2].rstrip('>')}"


def _is_known(endpoint: str) -> bool:
    if len(endpoint) > _LONGEST:
        return False
    try:
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        host = parts.hostname or ""
        default_port = parts.port in (None, 443)
    except ValueError:
        return False
    if origin in settings.WEB_PUSH_SERVICES:
        return True
    known = any(host == one or (one.startswith(".") and host.endswith(one)) for one in _SERVICES)
    return parts.scheme == "https" and known and default_port and "@" not in parts.netloc


def _is_point(p256dh: str) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(p256dh))
    except ValueError:
        return False
    return True


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii", "replace") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()
