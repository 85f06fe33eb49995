"""The sender's states for templates: `{% load campaigns %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import screens, switch
from campaigns.engine.plan import Standing
from campaigns.line_days import line_days
from campaigns.models import Campaign
from campaigns.parsing import Variety, variety
from leadmaster.accounts.models import User
from leadmaster.lib.charts import columns
from leadmaster.lib.shared import shared

register = template.Library()

_SEEN_FOR = 5

register.filter("campaign_badge", screens.campaign_badge)
register.filter("envio_badge", screens.envio_badge)
register.filter("outcome_badge", screens.outcome_badge)
register.filter("schedule_badge", screens.schedule_badge)
register.filter("state_bar", screens.state_bar)
register.filter("state_shares", screens.state_shares)
register.filter("funnel", screens.funnel)
register.filter("pacing", screens.pacing)
register.filter("took", screens.took)


@register.inclusion_tag("admin/campaigns/line_days.html")
def line_days_of(user: User) -> dict[str, Any]:
    """`{% line_days_of request.user %}`: the day of each of their lines, with its small picture."""
    days = line_days(user, timezone.now())
    return {"days": [(day, columns(day.hours, _("%(line)s hoy, por hora") % {"line": day.line})) for day in days]}


@register.simple_tag
def sending_is_off() -> bool:
    """Whether nothing leaves because somebody, or the environment, turned sending off. Asked once every few seconds."""
    return shared("sending", lambda: "on" if switch.is_on() else "off", seconds=_SEEN_FOR) == "off"


@register.filter
def why_not_sentence(standing: Standing) -> str:
    return screens.why_not_sentence(standing, timezone.now())


@register.filter
def variety_of(campaign: Campaign) -> Variety:
    """`{{ campaign|variety_of }}`: how the message varies."""
    return variety(campaign.template)
