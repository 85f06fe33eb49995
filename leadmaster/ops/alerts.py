"""Calls for help: one open alert per trouble, however often it is seen.

`raise_alert` and `resolve_alert` only write rows, so they may run inside anybody's transaction; telling people is
`leadmaster.ops.notify`'s, later and outside. Titles and bodies carry no personal data: they leave by mail.
"""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from leadmaster.ops.models import Alert

_TITLE_LENGTH = 200


def raise_alert(key: str, *, title: str, body: str = "", severity: str, now: dt.datetime) -> bool:
    """Open an alert under `key`, or count once more on the one that is open. True when this call opened it.

    Safe against the same trouble seen by several processes at once: the database keeps one open alert per key.
    """
    if _count_again(key, title=title, body=body, severity=severity, now=now):
        return False
    try:
        with transaction.atomic():
            Alert.objects.create(
                key=key,
                open_key=key,
                severity=severity,
                title=title[:_TITLE_LENGTH],
                body=body,
                opened_at=now,
                last_seen_at=now,
            )
    except IntegrityError:
        # Another process opened it between the two statements.
        _count_again(key, title=title, body=body, severity=severity, now=now)
        return False
    return True


def _count_again(key: str, *, title: str, body: str, severity: str, now: dt.datetime) -> bool:
    # The words of the last sighting stay: an alert that grew from a warning to critical says so.
    changed = Alert.objects.filter(open_key=key).update(
        count=F("count") + 1,
        last_seen_at=Greatest(F("last_seen_at"), now),
        title=title[:_TITLE_LENGTH],
        body=body,
        severity=severity,
    )
    return bool(changed)


def resolve_alert(key: str, *, now: dt.datetime, by: AbstractBaseUser | None = None) -> bool:
    """Close the open alert of `key`; `by` is the person who did, None when the trouble went away by itself.

    False when none is open, so that callers may say "all is well" as often as they like.
    """
    changed = Alert.objects.filter(open_key=key).update(open_key=None, resolved_at=now, resolved_by=by)
    return bool(changed)
