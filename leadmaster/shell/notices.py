"""A browser asks to be told things while no page is open, or asks no longer."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leadmaster.accounts.current_user import current_user
from leadmaster.ops import push


@login_required
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    given = {name: request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    if not push.is_on():
        return JsonResponse({"said": [_("Aquí no hay avisos en el teléfono: los enciende quien instala.")]}, status=409)
    try:
        push.subscribe(current_user(request).pk, **given, now=timezone.now())
    except push.Unusable:
        return JsonResponse({"said": [_("Este navegador no puede recibir avisos.")]}, status=400)
    return HttpResponse(status=204)


@login_required
@require_POST
def unsubscribe(request: HttpRequest) -> HttpResponse:
    push.unsubscribe(current_user(request).pk, request.POST.get("endpoint", ""))
    return HttpResponse(status=204)
