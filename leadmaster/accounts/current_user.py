"""Who asks, in views that only logged-in people reach."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

from leadmaster.accounts.models import User


def current_user(request: HttpRequest | Request) -> User:
    """The one who is logged in, on pages and over the API.

    Raises PermissionDenied where nobody is, should a view have forgotten its door.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
