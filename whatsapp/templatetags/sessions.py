"""Session states for templates: `{% load sessions %}`."""

from __future__ import annotations

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from whatsapp import screens
from whatsapp.models import LineTest, WhatsAppSession

register = template.Library()


@register.filter
def session_dot(session: WhatsAppSession) -> SafeString:
    return screens.session_dot(session, timezone.now())


@register.filter
def session_badge(session: WhatsAppSession) -> SafeString:
    return screens.session_badge(session, timezone.now())


@register.filter
def session_word(session: WhatsAppSession) -> str:
    return screens.session_word(session, timezone.now())


@register.filter
def session_advice(session: WhatsAppSession) -> str:
    return screens.session_advice(session, timezone.now())


@register.filter
def cold_end(session: WhatsAppSession) -> str:
    return screens.cold_end(session, timezone.now())


@register.filter
def warm_up_steps(session: WhatsAppSession) -> str:
    return screens.warm_up_steps(session)


@register.filter
def line_test_badge(test: LineTest) -> SafeString:
    return screens.line_test_badge(test)
