"""The pieces of `screens` for templates: `{% load screens %}`."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
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
def phone(e164: str) -> str:
    return parsing.pretty(e164)


@register.simple_tag
def badge(text: str, tone: screens.Tone = "neutral") -> SafeString:
    return screens.badge(text, tone)
