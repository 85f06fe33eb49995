"""What a browser asks for to make an application of the pages."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import csrf
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leadmaster.ops import push
from leadmaster.shell import files
from leadmaster.shell.in_place import REASON

# Petrol, as in tokens.css; a manifest knows no custom property.
_PAPER, _BRAND = "#f4f6f5", "#0f766e"


@require_safe
def manifest(_request: HttpRequest) -> HttpResponse:
    body = {
        "id": "/",
        "name": "LeadMaster",
        "short_name": "LeadMaster",
        "description": _("Tus clientes, tus conversaciones y tu día."),
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _BRAND,
        "icons": [
            _icon("icon-192.png", "192x192"),
            _icon("icon-512.png", "512x512"),
            _icon("icon-maskable-512.png", "512x512", purpose="maskable"),
            {"src": static("leadmaster/favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        ],
        "shortcuts": [
            _shortcut(_("Clientes"), "desk-opportunities"),
            _shortcut(_("Conversaciones"), "desk-conversations"),
            _shortcut(_("Captar"), "desk-capture"),
        ],
    }
    return HttpResponse(json.dumps(body), content_type="application/manifest+json")


@never_cache
@require_safe
def worker(_request: HttpRequest) -> HttpResponse:
    """At the root, because a worker looks after what lies beside and below it."""
    told = {
        "version": files.version(),
        "files": files.addresses(),
        "offline": reverse("offline"),
        # Whoever has been away for so long logs in again, with a network or without.
        "minutes": settings.SESSION_IDLE_MINUTES,
        "icon": static("leadmaster/icon-192.png"),
        "badge": static("leadmaster/icon-badge-96.png"),
    }
    body = f"const SHELL = {json.dumps(told)};\n{files.worker()}"
    return HttpResponse(body, content_type="text/javascript; charset=utf-8")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """For whoever asks without a network for what was never seen. The worker keeps it, so it tells nothing of anybody."""
    return render(request, "web/shell/offline.html")


@never_cache
@require_safe
def presence(request: HttpRequest) -> HttpResponse:
    """Who is logged in here, and a token with which a form of before is taken again."""
    person = str(request.user.pk) if request.user.is_authenticated else ""
    return JsonResponse({"person": person, "csrf": get_token(request), "push": push.public_key() if person else ""})


def csrf_failure(request: HttpRequest, reason: str = "", **_options: Any) -> HttpResponse:
    """Says what it is, so that a page that sends by itself gets another token and sends again."""
    response = csrf.csrf_failure(request, reason=reason)
    response.headers[REASON] = "csrf"
    return response


def _icon(name: str, size: str, purpose: str = "any") -> dict[str, str]:
    return {"src": static(f"leadmaster/{name}"), "sizes": size, "type": "image/png", "purpose": purpose}


def _shortcut(name: str, page: str) -> dict[str, Any]:
    return {"name": name, "url": reverse(page), "icons": [_icon("icon-192.png", "192x192")]}
