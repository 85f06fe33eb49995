"""What a role allows, for `user.has_perm` and so for the admin, the API and the pages alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone

from leadmaster.accounts.client_address import client_address
from leadmaster.accounts.languages import with_team_language
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


class PersonBackend(ModelBackend):
    """Names and passwords. Whoever is logged in comes with the language of their team, in the same question."""

    def get_user(self, user_id: int) -> User | None:
        user = with_team_language(User.objects.filter(pk=user_id)).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def tried_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str | None:
    """Whose password is tried, in one writing: capitals buy nobody more tries."""
    given = credentials or getattr(request, "data", request.POST)
    name = given.get("username")
    return User.normalize_username(name) if isinstance(name, str) else None


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
