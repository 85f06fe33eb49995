"""`Authorization: Token …` of the API."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from leadmaster.accounts import api_tokens
from leadmaster.accounts.models import User


class ApiTokenAuthentication(TokenAuthentication):
    def authenticate_credentials(self, key: str) -> tuple[User, str]:
        user = api_tokens.holder(key, now=timezone.now())
        if user is None:
            raise AuthenticationFailed
        return user, key
