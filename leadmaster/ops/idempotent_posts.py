"""`Idempotency-Key` for every POST of a view."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from leadmaster.lib.api.idempotency import HEADER, REPLAYED, fingerprint, is_valid_key
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.ops import idempotency

Handler = Callable[..., Response]


class IdempotentPosts(DescribedRequests):
    """A view whose POSTs may carry the header; those without it are carried out as they come.

    An answer below 400 is kept and replayed. A refusal did nothing, and a failure of ours is over when it is answered, so
    neither is kept: the repetition is judged anew, by the states that it finds.
    """

    takes_idempotency_key: ClassVar[bool] = True
    # Actions that only write to our database and open no transaction of their own: act and answer commit together.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset({"create"})
    # Actions whose answer is a secret of this moment: it is kept nowhere, so a repetition is carried out.
    answers_secret: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None or request.user.pk is None:
            return
        if not is_valid_key(key):
            raise ValidationError({HEADER: [_("Escribe entre 1 y 128 caracteres visibles, por ejemplo un UUID.")]})
        action = getattr(self, "action", None)
        if action in self.answers_secret:
            return
        together = action in self.undone_by_crash
        post: Handler = getattr(self, "post", self.http_method_not_allowed)
        self.post = _once(self, post, user_id=request.user.pk, key=key, together=together)


def _once(view: IdempotentPosts, handler: Handler, *, user_id: int, key: str, together: bool) -> Handler:
    """The handler, carried out only if nobody with this key was there before."""

    def run(request: Request, *args: Any, **kwargs: Any) -> Response:
        mine = idempotency.claim(
            user_id, key=key, fingerprint=_fingerprint(view, request), undone_by_crash=together, now=timezone.now()
        )
        if mine.status is not None:
            return Response(json.loads(mine.answer), status=mine.status, headers={REPLAYED: "true"})
        try:
            with transaction.atomic(durable=True) if together else contextlib.nullcontext():
                response = handler(request, *args, **kwargs)
                idempotency.finish(mine, status=response.status_code, answer=_text(response), now=timezone.now())
        except Exception as error:  # noqa: BLE001 - the view tells every exception in its one shape
            response = view.handle_exception(error)
            # A refusal wrote nothing, and of a failure this process knows that it is over: the repetition is judged by
            # what it finds. Only a request that never came back keeps its key.
            idempotency.release(mine)
        return response

    return run


def _fingerprint(view: IdempotentPosts, request: Request) -> str:
    try:
        return fingerprint(request)
    except APIException:
        # The body can't be read: not a stranger's to know.
        view.stop_strangers()
        raise


def _text(response: Response) -> str:
    return JSONRenderer().render(response.data).decode()
