"""A campaign that was sent: why messages failed, another try for what did not leave, a draft like it, who answered."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.urls import reverse

from campaigns.admin.campaign_verbs import exclusions, remarks
from campaigns.afterwards import export
from campaigns.afterwards.reasons import reasons
from campaigns.afterwards.repeat import Whom, repeat
from campaigns.afterwards.replies import Answered, answered
from campaigns.afterwards.retry import retry
from campaigns.enums import AttemptOutcome, CampaignState, ConversationState, EnvioState, Evidence, ScheduleState
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign, Envio, EnvioEvent, Schedule
from leadmaster.directory.models import Suppression
from tests import company as companies
from tests.company import Company, signed_in
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    ConversationFactory,
    EnvioFactory,
    RecipientImportFactory,
    ReplyFactory,
    ScheduleFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 3, 4, 15, tzinfo=dt.UTC)
S = EnvioState


@pytest.fixture
def company() -> Company:
    return companies.build()


@pytest.fixture
def campaign(company: Company) -> Campaign:
    """Running, with every kind of error and of everything else."""
    made: Campaign = CampaignFactory.create(
        owner=company.owner,
        team=company.team,
        template="Hola {nombre}, {convenio}",
        columns=["convenio"],
        state=CampaignState.RUNNING,
        approved_by=company.supervisor,
        approved_at=NOW,
    )
    ScheduleFactory.create(campaign=made, daily_cap=77, starts_on=dt.date(2026, 1, 5), ends_on=dt.date(2026, 1, 9))
    failed(made, "refused", AttemptOutcome.REFUSED, code="WHATSAPP_ERROR")
    failed(made, "unreached", AttemptOutcome.NOT_SENT, code="UNREACHABLE")
    failed(made, "nobody", AttemptOutcome.REFUSED, code="NOT_ON_WHATSAPP")
    # Of these somebody may have got it.
    failed(made, "decided", AttemptOutcome.UNKNOWN, code="DECIDED")
    failed(made, "doubted", AttemptOutcome.UNKNOWN, code="WHATSAPP_ERROR")
    failed(made, "late", AttemptOutcome.SENT, code="LATE_REFUSAL", message_id="m-late")
    failed(made, "untried", None, code="WHATSAPP_ERROR")
    EnvioFactory.create(campaign=made, name="doubt", state=S.UNCERTAIN, error_code="TIMEOUT")
    EnvioFactory.create(campaign=made, name="sent", state=S.SENT, sent_at=NOW, variables={"convenio": "X"})
    EnvioFactory.create(campaign=made, name="cancelled", state=S.CANCELLED, variables={"convenio": "X"})
    return made


def failed(campaign: Campaign, name: str, outcome: AttemptOutcome | None, *, code: str, **fields: Any) -> Envio:
    envio: Envio = EnvioFactory.create(
        campaign=campaign,
        name=name,
        state=S.ERROR,
        ended_at=NOW,
        error_code=code,
        error_text=f"Porque {name}",
        variables={"convenio": "X"},
        dispatched_at=NOW,
        **fields,
    )
    if outcome is not None:
        AttemptFactory.create(envio=envio, outcome=outcome, message_id=fields.get("message_id", ""))
    return envio


def states(campaign: Campaign) -> dict[str, str]:
    return dict(campaign.envios.values_list("name", "state"))


def test_reasons_are_counted_with_what_provably_did_not_leave(campaign: Campaign) -> None:
    found = {one.code: (one.number, one.retriable) for one in reasons(campaign)}
    assert found == {
        "WHATSAPP_ERROR": (3, 1),
        "UNREACHABLE": (1, 1),
        "NOT_ON_WHATSAPP": (1, 0),
        "DECIDED": (1, 0),
        "LATE_REFUSAL": (1, 0),
    }
    assert all(one.advice for one in reasons(campaign))


def test_only_what_provably_did_not_leave_is_tried_again(campaign: Campaign, company: Company) -> None:
    before = states(campaign)
    assert retry(campaign, by=company.owner, reason="Volvió la línea", now=NOW) == 2
    assert states(campaign) == {**before, "refused": S.PENDING, "unreached": S.PENDING}
    back = Envio.objects.get(name="refused")
    assert (back.dispatched_at, back.ended_at, back.error_code, back.next_due) == (None, None, "", NOW)
    [line] = EnvioEvent.objects.filter(envio=back)
    assert (line.by, line.evidence, line.reason) == (company.owner, Evidence.PERSON, "Volvió la línea")
    assert retry(campaign, by=company.owner, reason="Otra vez", now=NOW) == 0


def test_one_reason_alone_is_tried_again(campaign: Campaign, company: Company) -> None:
    assert retry(campaign, by=company.supervisor, reason="x", now=NOW, code="UNREACHABLE") == 1
    assert states(campaign)["refused"] == S.ERROR


def test_who_may_not_or_says_no_reason_tries_nothing(campaign: Campaign, company: Company) -> None:
    before = states(campaign)
    with pytest.raises(NotAllowed):
        retry(campaign, by=company.colleague, reason="x", now=NOW)
    with pytest.raises(Incomplete):
        retry(campaign, by=company.owner, reason="  ", now=NOW)
    Campaign.objects.update(state=CampaignState.FINISHED)
    with pytest.raises(WrongState):
        retry(campaign, by=company.owner, reason="x", now=NOW)
    assert states(campaign) == before


def test_a_repetition_copies_how_it_was_sent_and_nobody(campaign: Campaign, company: Company) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(delay_min=41, delay_max=77, keeps_off_holidays=False)
    campaign.refresh_from_db()
    draft = repeat(campaign, by=company.owner, now=NOW)
    assert (draft.state, draft.template, draft.delay_min, draft.delay_max) == (
        CampaignState.DRAFT,
        campaign.template,
        41,
        77,
    )
    assert not draft.keeps_off_holidays
    assert (draft.approved_by, draft.launched_at) == (None, None)
    assert not draft.envios.exists()
    copied = Schedule.objects.get(campaign=draft, daily_cap=77)
    assert (copied.state, copied.starts_on, copied.ends_on) == (
        ScheduleState.PENDING,
        dt.date(2026, 3, 4),
        dt.date(2026, 3, 8),
    )
    assert copied.windows.count() == campaign.schedules.get(daily_cap=77).windows.count() > 0


def test_whom_it_did_not_reach_are_in_it_if_asked_and_opt_outs_never(campaign: Campaign, company: Company) -> None:
    out = Envio.objects.get(name="cancelled")
    Suppression.objects.create(phone=out.phone, source=Suppression.Source.REPLY, created_at=NOW)
    draft = repeat(campaign, by=company.owner, now=NOW, name="Segunda vuelta", whom=Whom.MISSING)
    assert set(draft.envios.values_list("name", "state")) == {("refused", S.PENDING), ("unreached", S.PENDING)}
    assert draft.envios.get(name="refused").text == "Hola refused, X"
    assert draft.imports.get().opted_out == 1
    everybody = repeat(campaign, by=company.owner, now=NOW, whom=Whom.EVERYBODY)
    # Two of the ten lack a datum, or asked for silence.
    assert "sent" in set(everybody.envios.values_list("name", flat=True))
    assert "cancelled" not in set(everybody.envios.values_list("name", flat=True))


def test_who_may_not_see_it_repeats_nothing(campaign: Campaign, company: Company) -> None:
    with pytest.raises(NotAllowed):
        repeat(campaign, by=company.colleague, now=NOW)
    assert Campaign.objects.count() == 1


def test_who_answered_is_counted_and_who_of_them_waits(campaign: Campaign, company: Company) -> None:
    ConversationFactory.create(session=campaign.session, campaign=campaign)
    done = {"state": ConversationState.HANDLED, "waiting_since": None, "due_at": None, "last_at": NOW, "unread": 0}
    ConversationFactory.create_batch(2, session=campaign.session, campaign=campaign, **done)
    other = CampaignFactory.create()
    assert answered([campaign.pk, other.pk]) == {campaign.pk: Answered(people=3, waiting=1), other.pk: Answered()}
    browser = signed_in(company.supervisor)
    page = browser.get(reverse("admin:campaigns_campaign_replies", args=[campaign.pk]))
    assert page.status_code == 200
    assert len(page.context["conversations"]) == 3
    waiting = browser.get(reverse("admin:campaigns_campaign_replies", args=[campaign.pk]), {"waiting": "1"})
    assert len(waiting.context["conversations"]) == 1
    listed = browser.get(reverse("admin:campaigns_campaign_changelist")).content.decode()
    assert reverse("admin:campaigns_campaign_replies", args=[campaign.pk]) in listed


def test_the_file_has_everybody_with_errors_and_the_first_answer_and_no_formula(campaign: Campaign) -> None:
    sent = Envio.objects.get(name="sent")
    Envio.objects.filter(pk=sent.pk).update(name="=2+2")
    for minutes, text in ((-5, "antes"), (5, "@SUM(1)"), (9, "después")):
        ReplyFactory.create(
            session=campaign.session, phone=sent.phone, at=NOW + dt.timedelta(minutes=minutes), text=text
        )
    text = "".join(export.stream(campaign)).lstrip("\ufeff")
    head, *rows = csv.reader(io.StringIO(text), delimiter=";" if '";"' in text else ",")
    assert len(rows) == campaign.envios.count()
    [mine] = [row for row in rows if row[0] == str(sent.pk)]
    assert mine[2] == "'=2+2"
    assert mine[11] == "'@SUM(1)"
    [error] = [row for row in rows if row[2] == "late"]
    assert error[8:10] == ["LATE_REFUSAL", "Porque late"]
    assert len(head) == len(mine)


def test_the_approval_says_who_was_left_out_and_what_is_odd_about_the_hours(campaign: Campaign) -> None:
    assert exclusions(campaign) == ""
    RecipientImportFactory.create(campaign=campaign, rows=10, accepted=6, duplicates=1, already_there=1, opted_out=2)
    assert exclusions(campaign) == "4 de 10: 2 pidieron no recibir mensajes, 2 repetidos"
    schedule = campaign.schedules.get(daily_cap=77)
    schedule.windows.update(opens=dt.time(9), closes=dt.time(13))
    assert remarks([schedule]) == []
    schedule.windows.update(opens=dt.time(23), closes=dt.time(2))
    assert len(remarks([schedule])) == 1
    schedule.windows.update(opens=dt.time(0), closes=dt.time(0))
    assert "todo el día" in remarks([schedule])[0]


def test_the_pages_ask_first_and_then_do_it_once(campaign: Campaign, company: Company) -> None:
    browser = signed_in(company.supervisor)
    page = reverse("admin:campaigns_campaign_retry", args=[campaign.pk, "UNREACHABLE"])
    assert browser.get(page).status_code == 200
    assert states(campaign)["unreached"] == S.ERROR
    browser.post(page, {"reason": "Volvió"})
    assert states(campaign)["unreached"] == S.PENDING
    again = reverse("admin:campaigns_campaign_repeat", args=[campaign.pk])
    assert browser.get(again).status_code == 200
    answer = browser.post(again, {"name": "Otra", "whom": "nobody"})
    draft = Campaign.objects.get(name="Otra")
    assert answer.headers["Location"] == reverse("admin:campaigns_campaign_change", args=[draft.pk])
    text = browser.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()
    assert reverse("admin:campaigns_campaign_retry", args=[campaign.pk, "WHATSAPP_ERROR"]) in text
