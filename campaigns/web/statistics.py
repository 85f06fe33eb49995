"""What a promoter's own campaigns sent, drawn for a phone, and as a file."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.statistics import page, table
from leadmaster.accounts.current_user import current_user


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    shown = page.context(request.GET.dict(), user=current_user(request), now=timezone.now())
    return render(request, "web/statistics.html", shown)


@login_required
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    return table.download(request, back="my-statistics")
