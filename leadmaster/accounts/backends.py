"""What a role allows, for `user.has_perm` and so for the admin, the API and the pages alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone

from leadmaster.accounts.client_address import client_address
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role, grants


class AddressLimitBackend:
    """One address that tries many names is stopped before any password is hashed. It logs nobody in, so it knows nobody
    either: Django asks the first backend that does."""

    def authenticate(self, request: HttpRequest | None, **_credentials: Any) -> None:
        if request is None:
            return
        address = client_address(request)
        since = timezone.now() - dt.timedelta(hours=settings.AXES_COOLOFF_TIME)
        failed = AccessAttempt.objects.filter(ip_address=address, attempt_time__gte=since).aggregate(
            times=Sum("failures_since_start")
        )
        if address and (failed["times"] or 0) >= settings.LOGIN_FAILURES_PER_ADDRESS:
            request.axes_locked_out = True  # type: ignore[attr-defined]  # its middleware answers
            raise PermissionDenied


class RoleBackend(BaseBackend):
    """Answers from the role. It logs nobody in."""

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: object = None) -> bool:
        return isinstance(user_obj, User) and user_obj.is_active and grants(user_obj.role, perm)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        if user_obj.role == Role.ADMINISTRATOR:
            return True
        return any(permission.startswith(f"{app_label}.") for permission in user_obj.role_permissions())
