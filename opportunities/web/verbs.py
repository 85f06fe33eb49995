"""Views that act, and their page."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

P = ParamSpec("P")


def verb_of(page: str, key: str) -> Callable[[Callable[P, HttpResponse]], Callable[P, HttpResponse]]:
    """The view acts on POST alone. A log-in in between, or a phone that opens its tabs again, comes back with GET: to
    `page`, which takes the argument `key`."""

    def wrap(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
        @functools.wraps(view)
        def inner(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            request = args[0]
            if isinstance(request, HttpRequest) and request.method == "POST":
                return view(*args, **kwargs)
            return redirect(page, kwargs[key])

        return inner

    return wrap


def posted(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """The same for what has no page of its own: with GET one comes home."""

    @functools.wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        if isinstance(request, HttpRequest) and request.method == "POST":
            return view(*args, **kwargs)
        return redirect("home")

    return inner
