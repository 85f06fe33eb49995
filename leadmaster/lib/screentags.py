"""The pieces of `screens` for templates: `{% load screens %}`."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leadmaster.lib import screens
from leadmaster.lib.admin import fast_table
from leadmaster.lib.phones import parsing

register = template.Library()

register.inclusion_tag("admin/fast_table.html", takes_context=True, name="fast_table")(fast_table.table)


@register.filter
def when(moment: dt.datetime | None) -> SafeString:
    return screens.when(moment, timezone.now())


@register.filter
def age(since: dt.datetime) -> SafeString:
    """How long it has been waiting, with the moment on hover."""
    now = timezone.now()
    exact = f"{timezone.localtime(since):%d/%m/%Y %H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', since.isoformat(), exact, screens.age(since, now))


@register.filter
def phone(e164: str) -> str:
    return parsing.pretty(e164)


@register.simple_tag
def badge(text: str, tone: screens.Tone = "neutral") -> SafeString:
    return screens.badge(text, tone)
