"""Answers for a page that goes on standing: one that sends its forms itself, or refreshes a part of itself.

A browser that follows a redirect by itself would put the log-in page where a list was, and lose what was typed. Such a
page is told instead: done and where to go on, refused and why, or 401. Its key is honoured as those of the API are, so
that what a phone wrote without a network, and sends until it hears an answer, is done once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.lib.api.idempotency import HEADER as KEY
from leadmaster.lib.api.idempotency import REPLAYED, is_valid_key
from leadmaster.ops import idempotency

# "page": what is told is shown by the page that comes next. "queue": it is told in the answer, nobody goes anywhere.
IN_PLACE: Final = "X-In-Place"
PERSON: Final = "X-Person"
REASON: Final = "X-Reason"
_QUEUE: Final = "queue"
_TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105 - a field's name

Answer = Callable[[HttpRequest], HttpResponse]


class InPlaceMiddleware:
    """Below the messages', which it reads; the API has a language of its own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        if request.method == "POST" and IN_PLACE in request.headers:
            return self._once(request)
        response = self.get_response(request)
        if request.headers.get("HX-Request") == "true" and _asks_who(request, response):
            return _log_in_first()
        if request.user.is_authenticated:
            response.headers[PERSON] = str(request.user.pk)
        return response

    def _once(self, request: HttpRequest) -> HttpResponse:
        """A key that was answered is answered again; one that is at work waits; without one it is done as it comes."""
        key = request.headers.get(KEY)
        if key is None or request.user.pk is None:
            return self._told(request)
        if not is_valid_key(key):
            return _refused(_("La página mandó una clave que no sirve: vuelve a abrirla."), status=400)
        try:
            mine = idempotency.claim(
                request.user.pk, key=key, fingerprint=_fingerprint(request), undone_by_crash=False, now=timezone.now()
            )
        except idempotency.InProgressError as busy:
            return _refused(str(busy), status=409, wait=busy.retry_after)
        except idempotency.KeyConflictError as refusal:
            return _refused(str(refusal), status=409)
        if mine.status is not None:
            return _again(request, mine)
        response = self._told(request)
        if response.status_code >= 500:
            # It may have been done: nobody does it a second time without looking.
            return response
        if response.status_code == 200 and response.headers.get(IN_PLACE) == "done":
            idempotency.finish(mine, status=200, answer=response.content.decode(), now=timezone.now())
        else:
            idempotency.release(mine)
        return response

    def _told(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not 300 <= response.status_code < 400:
            return response
        if _asks_who(request, response):
            return _log_in_first()
        said = messages.get_messages(request)
        assert isinstance(said, BaseStorage)  # noqa: S101 - the middleware above put it there
        told = [(message.level, str(message)) for message in said]
        done = all(level < messages.WARNING for level, _text in told)
        # The page that comes next shows it, unless there is none.
        said.used = request.headers[IN_PLACE] == _QUEUE
        body = {"done": done, "to": response.headers["Location"], "said": [text for _level, text in told]}
        return JsonResponse(body, headers={IN_PLACE: "done" if done else "refused"})


def _asks_who(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        response.status_code == 302 and not request.user.is_authenticated and "/login/" in response.headers["Location"]
    )


def _log_in_first() -> HttpResponse:
    return JsonResponse({"done": False, "said": [_("Tu sesión terminó. Entra de nuevo.")]}, status=401)


def _refused(sentence: str, *, status: int, wait: int | None = None) -> HttpResponse:
    body: dict[str, Any] = {"done": False, "said": [sentence]}
    if wait is not None:
        body["wait"] = wait
    return JsonResponse(body, status=status)


def _again(request: HttpRequest, mine: idempotency.Claim) -> HttpResponse:
    """The first answer; what it said is said again by the page that comes next."""
    if request.headers[IN_PLACE] != _QUEUE:
        for sentence in json.loads(mine.answer)["said"]:
            messages.success(request, sentence)
    headers = {REPLAYED: "true", IN_PLACE: "done"}
    return HttpResponse(mine.answer, status=mine.status or 200, content_type="application/json", headers=headers)


def _fingerprint(request: HttpRequest) -> str:
    """What is asked for, whatever token came along: a phone that was away for hours sends with another one."""
    fields = [[name, values] for name, values in sorted(request.POST.lists()) if name != _TOKEN]
    return hashlib.sha256(json.dumps(["web", request.get_full_path(), fields]).encode()).hexdigest()
