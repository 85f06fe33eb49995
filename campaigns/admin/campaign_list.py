"""The list of campaigns: how far each is and why it does not send, for a whole page at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns import screens
from campaigns.afterwards.replies import Answered, answered
from campaigns.engine.plan import Standing, make_plan
from campaigns.engine.why_not import braked, of_what_is_left
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.progress import Progress, progress_of
from leadmaster.lib.admin.modeladmins import ChangeList


class CampaignList(ChangeList):
    """One grouped query counts the page; one plan explains it."""

    result_list: Iterable[Campaign]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Campaign] = list(self.result_list)
        now = timezone.now()
        counted = progress_of([campaign.pk for campaign in rows])
        running = any(campaign.state == CampaignState.RUNNING for campaign in rows)
        standings = make_plan(now).standings if running else {}
        held = braked(rows)
        said = answered([campaign.pk for campaign in rows])
        for campaign in rows:
            campaign.__dict__["listed"] = (
                counted[campaign.pk],
                held.get(campaign.pk) or of_what_is_left(standings.get(campaign.pk), counted[campaign.pk]),
                now,
            )
            campaign.__dict__["answered"] = said[campaign.pk]
        self.result_list = rows

    @staticmethod
    def advance(campaign: Campaign) -> SafeString:
        done = _listed(campaign)[0]
        if not done.total:
            return format_html('<span class="lm-none">{}</span>', _("sin destinatarios"))
        return format_html(
            '<span class="lm-advance">{}<small>{} % · {} / {}</small></span>',
            screens.state_bar(done),
            done.percent_done,
            done.done,
            done.total,
        )

    @staticmethod
    def replies(campaign: Campaign) -> SafeString:
        found: Answered = campaign.__dict__["answered"]
        if not found.people:
            return format_html('<span class="lm-none">{}</span>', "—")
        url = reverse("admin:campaigns_campaign_replies", args=[campaign.pk])
        waiting = _("%(n)d sin responder") % {"n": found.waiting} if found.waiting else ""
        return format_html(
            '<a class="lm-link lm-two" href="{}"><b>{}</b><small>{}</small></a>', url, found.people, waiting
        )

    @staticmethod
    def why_not_now(campaign: Campaign) -> SafeString:
        _done, standing, now = _listed(campaign)
        if standing is None:
            return format_html('<span class="lm-none">{}</span>', "—")
        if standing.reason is None:
            return format_html('<span class="lm-live">{}</span>', _("Enviando"))
        return format_html('<span class="lm-why">{}</span>', screens.why_not_sentence(standing, now))


def _listed(campaign: Campaign) -> tuple[Progress, Standing | None, dt.datetime]:
    listed: tuple[Progress, Standing | None, dt.datetime] = campaign.__dict__["listed"]
    return listed
