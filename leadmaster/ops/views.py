"""`/healthz` and `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leadmaster.ops import health


def healthz(probes: Sequence[health.Probe]) -> Callable[[HttpRequest], HttpResponse]:
    """A view that asks these probes: 200 when all is well, 503 when something is not, and what in JSON."""

    @require_safe
    @never_cache
    def view(request: HttpRequest) -> HttpResponse:
        return _answer(health.examine(probes, now=timezone.now()))

    return view


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when this process reaches its database."""
    return _answer(health.examine((), now=timezone.now()))


def _answer(report: health.HealthReport) -> HttpResponse:
    return JsonResponse(report.as_json(), status=200 if report.ok else 503)
