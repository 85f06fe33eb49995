"""The sender's states for templates: `{% load campaigns %}`."""

from __future__ import annotations

from django import template
from django.utils import timezone

from campaigns import screens
from campaigns.engine.plan import Standing
from campaigns.models import Campaign
from campaigns.parsing import Variety, variety

register = template.Library()

register.filter("campaign_badge", screens.campaign_badge)
register.filter("envio_badge", screens.envio_badge)
register.filter("outcome_badge", screens.outcome_badge)
register.filter("schedule_badge", screens.schedule_badge)
register.filter("state_bar", screens.state_bar)
register.filter("state_shares", screens.state_shares)
register.filter("funnel", screens.funnel)
register.filter("pacing", screens.pacing)
register.filter("took", screens.took)


@register.filter
def why_not_sentence(standing: Standing) -> str:
    return screens.why_not_sentence(standing, timezone.now())


@register.filter
def variety_of(campaign: Campaign) -> Variety:
    """`{{ campaign|variety_of }}`: how the message varies."""
    return variety(campaign.template)
