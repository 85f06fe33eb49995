"""The desk's states for its supervisors' templates: `{% load desk_admin %}`."""

from __future__ import annotations

from django import template
from django.template import Context

from opportunities import badges

register = template.Library()

register.filter("opportunity_badge", badges.state_badge)
register.filter("stage_name", badges.stage_name)


@register.simple_tag(takes_context=True)
def facet_link(context: Context, facet: str, value: str) -> str:
    """The same page, narrowed to this value of the facet."""
    query = context["request"].GET.copy()
    query.pop("p", None)
    query[facet] = value
    return f"?{query.urlencode()}"
