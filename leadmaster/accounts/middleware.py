"""What every request of a person goes through: their language and time zone, how long they may be away, whose password it is, and
that nobody keeps a copy of what they saw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from leadmaster.accounts import devices
from leadmaster.accounts.languages import language_of
from leadmaster.accounts.models import User
from leadmaster.lib.api import errors
from leadmaster.lib.shared import acted
from leadmaster.lib.zones import zone_named

SEEN_AT: Final = "seen_at"
# So often the last sign of life is written, and not with every request.
_NOTED_SECONDS: Final = 300


class ViewerTimeZoneMiddleware:
    """Activates the viewer's own time zone for the request; the project's when they chose none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        name = user.time_zone if isinstance(user, User) else ""
        with timezone.override(zone_named(name) if name else None):
            return self.get_response(request)


class PersonLanguageMiddleware:
    """The person's language, else their team's. Whoever has neither keeps the browser's, which is active already.

    It stays active when the response is on its way, as the browser's does: a file is written while it is sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and (code := language_of(user)):
            translation.activate(code)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class IdleLimitMiddleware:
    """Whoever has been away for SESSION_IDLE_MINUTES logs in again. Pages that refresh themselves are nobody's presence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = _now()
            seen = int(request.session.get(SEEN_AT, now))
            if now - seen > settings.SESSION_IDLE_MINUTES * 60:
                logout(request)
            elif SEEN_AT not in request.session or (now - seen >= _NOTED_SECONDS and not _by_itself(request)):
                request.session[SEEN_AT] = now
                devices.note(request, now=timezone.now())
        return self.get_response(request)


def _now() -> int:
    return int(timezone.now().timestamp())


def _by_itself(request: HttpRequest) -> bool:
    return request.method in {"GET", "HEAD"} and request.headers.get("HX-Request") == "true"


class ActedMiddleware:
    """After whatever may have changed something, the person's own figures are found anew."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if request.method not in {"GET", "HEAD", "OPTIONS"} and request.user.is_authenticated:
            acted(request.user.pk)
        return answer


class OwnPasswordMiddleware:
    """The first log-in with a password that somebody else chose asks for another one, before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.must_change_password:
            return self.get_response(request)
        page = reverse("account")
        if request.path in {page, reverse("logout"), reverse("login")}:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            told = _("Elige antes una contraseña tuya en %(page)s.") % {"page": page}
            return JsonResponse(errors.body("password_change_required", told), status=403)
        return HttpResponseRedirect(page)


class NoStoreMiddleware:
    """What a person sees while logged in stays in no cache: not the browser's, nor one on the way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            patch_cache_control(response, no_store=True, private=True)
        return response
