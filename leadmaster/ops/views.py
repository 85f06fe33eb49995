"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leadmaster.ops import health
from leadmaster.ops.metrics import access, exposition
from leadmaster.ops.metrics.access import Verdict
from leadmaster.ops.metrics.database import DatabaseCollector, Source


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


def metrics(
    sources: Sequence[Source], *, address_of: Callable[[HttpRequest], str | None]
) -> Callable[[HttpRequest], HttpResponse]:
    """A view that tells these figures to whom the settings let in. `address_of` says whose address counts."""
    collector = DatabaseCollector(sources)

    @require_safe
    @never_cache
    def view(request: HttpRequest) -> HttpResponse:
        match access.judge(request, address=address_of(request)):
            case Verdict.CLOSED:
                return _words("Set METRICS_TOKEN or METRICS_ALLOW to read the metrics.", status=404)
            case Verdict.WRONG_ADDRESS:
                return _words("METRICS_ALLOW does not name this address.", status=403)
            case Verdict.WRONG_TOKEN:
                response = _words("Authorization: Bearer and the METRICS_TOKEN.", status=401)
                response["WWW-Authenticate"] = 'Bearer realm="metrics"'
                return response
            case Verdict.ALLOWED:
                content, content_type = exposition.render(collector, accept=request.headers.get("Accept", ""))
                return HttpResponse(content, content_type=content_type)

    return view


def _words(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def _answer(report: health.HealthReport) -> HttpResponse:
    return JsonResponse(report.as_json(), status=200 if report.ok else 503)
