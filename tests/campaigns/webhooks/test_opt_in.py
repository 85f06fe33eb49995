"""Who asks to hear from us again is told to people, who decide."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from campaigns.opt_ins import lift
from leadmaster.ops.models import Alert
from tests import company as companies
from tests.campaigns.webhooks.events import inbound, post
from tests.company import signed_in
from tests.factories.directory import SuppressionFactory
from whatsapp.models import WhatsAppSession


def test_asking_back_lifts_nothing_and_tells_supervisors(session: WhatsAppSession) -> None:
    company = companies.build()
    row = SuppressionFactory(phone="+5493515550001")
    told = inbound("ALTA")

    assert [post(told) for _ in range(2)] == [200, 200]

    row.refresh_from_db()
    assert row.asked_back_at is not None
    alert = Alert.objects.get(key=f"asked-back:{row.pk}")
    assert "5550001" not in alert.title + alert.body
    page = signed_in(company.supervisor).get(reverse("admin:directory_suppression_changelist"), {"back": "1"})
    assert "555-0001" in page.content.decode()

    lift(row, by=company.administrator, reason="Lo pidió", now=timezone.now())
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_asking_back_without_an_exclusion_tells_nobody(session: WhatsAppSession) -> None:
    SuppressionFactory(phone="+5493515550009")
    post(inbound("ALTA"))
    assert not Alert.objects.filter(key__startswith="asked-back").exists()
