"""Tokens of programs: hashed, for a while, and no longer than the password with which they were asked for."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Final

from django.conf import settings
from django.db.models import F, Q, QuerySet

from leadmaster.accounts.models import ApiToken, User

# A program that asks anew at each start pushes its own old ones out.
MOST: Final = 20
# Noting each use would be a write with every request.
_NOTED: Final = dt.timedelta(hours=1)


def issue(user: User, *, now: dt.datetime) -> tuple[str, ApiToken]:
    """A new token and what is kept of it. The text is told once and can't be read again."""
    key = secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user,
        digest=_digest(key),
        hint=key[:6],
        created_at=now,
        expires_at=now + dt.timedelta(days=settings.API_TOKEN_DAYS),
    )
    kept = ApiToken.objects.filter(user=user).order_by("-id").values_list("pk", flat=True)[:MOST]
    ApiToken.objects.filter(user=user).exclude(pk__in=list(kept)).delete()
    return key, row


def holder(key: str, *, now: dt.datetime) -> User | None:
    """Whose token this is, if it opens anything now."""
    row = valid(now).select_related("user").filter(digest=_digest(key)).first()
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at <= now - _NOTED:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.user


def valid(now: dt.datetime) -> QuerySet[ApiToken]:
    """Those that open something: neither expired nor older than the password, of somebody who may come in."""
    since = Q(user__password_set_at__isnull=True) | Q(created_at__gte=F("user__password_set_at"))
    return ApiToken.objects.filter(since, expires_at__gt=now, user__is_active=True, user__must_change_password=False)


def end(user: User) -> int:
    """Every token of this person. Returns how many there were."""
    return ApiToken.objects.filter(user=user).delete()[0]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
