"""The sender's pages over a million messages: what a person waits for each, and how many questions it asks."""

from __future__ import annotations

import time
import uuid

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import totals
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.bench import stage
from tests.bench.figures import percentile, say, scaled
from tests.factories.accounts import UserFactory

AT_WORK = 20


def run() -> None:
    messages, looks = stage.ensure_past(), scaled("LOOKS", 40)
    at_work = stage.open_lines(AT_WORK)
    for campaign in at_work:
        stage.fill([campaign], each=scaled("AT_WORK", 2_000))
    big = _one_of_many(scaled("BIG", 1_000_000))
    client = _administrator()
    say(
        f"  {messages:,} messages of 50 finished campaigns, {AT_WORK} campaigns at work, one of {big[1]:,}; {looks} looks"
    )
    started = time.perf_counter()
    while totals.write_down_all(timezone.now()):
        pass
    say(f"    writing the totals down, once: {time.perf_counter() - started:.1f} s")
    finished = Campaign.objects.filter(state=CampaignState.FINISHED).first()
    assert finished is not None
    pages = {
        "home": reverse("admin:index"),
        "campaigns": reverse("admin:campaigns_campaign_changelist"),
        "a campaign at work": _page("change", at_work[0]),
        "its moving part": _page("live", at_work[0]),
        "a finished one": _page("change", finished),
        f"one of {big[1]:,}": _page("change", big[0]),
        "its moving part ": _page("live", big[0]),
        "messages": reverse("admin:campaigns_envio_changelist"),
        "uncertain ones": reverse("admin:campaigns_uncertainenvio_changelist"),
        "sessions": reverse("admin:whatsapp_whatsappsession_changelist"),
    }
    for name, path in pages.items():
        _measure(client, name, path, looks)


def _one_of_many(messages: int) -> tuple[Campaign, int]:
    """A campaign at work with as many messages as a file may bring, made once per database."""
    found = Campaign.objects.filter(name="many", state=CampaignState.RUNNING).select_related("session").first()
    if found is None:
        [found] = stage.open_lines(1)
        stage.fill([found], each=messages)
        Campaign.objects.filter(pk=found.pk).update(name="many")
    return found, messages


def _administrator() -> Client:
    boss: User = UserFactory(username=uuid.uuid4().hex, role=Role.ADMINISTRATOR)
    client = Client()
    client.force_login(boss, backend="leadmaster.accounts.backends.PersonBackend")
    return client


def _page(name: str, campaign: Campaign) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


def _measure(client: Client, name: str, path: str, looks: int) -> None:
    assert client.get(path).status_code == 200
    # Not of the first look, which asks once for what stays in memory.
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    queries = len(captured)  # the next request forgets them
    times = []
    for _ in range(looks):
        started = time.perf_counter()
        client.get(path)
        times.append(1000 * (time.perf_counter() - started))
    p50, p95 = percentile(times, 50), percentile(times, 95)
    say(f"    {name:<24} p50 {p50:>6,.0f}  p95 {p95:>6,.0f} ms  {queries:>3} queries")
