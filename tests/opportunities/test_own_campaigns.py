"""A promoter writes to their own clients: whom they may choose, what the draft holds, who is left out."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import Q
from django.utils import timezone

from campaigns import lifecycle
from campaigns.audience import AudienceError
from campaigns.audience import clients as reading
from campaigns.enums import CampaignState
from campaigns.errors import NotAllowed as CampaignNotAllowed
from campaigns.models import Campaign, Envio, RecipientImport
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Client, ContactPoint
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.errors import Incomplete, NotAllowed
from opportunities.funnel import moves
from opportunities.models import AssignmentRequest, Opportunity, Promoter
from opportunities.own_campaigns import Choice, Drafted, NewCampaign, draft_campaign, own_rows
from opportunities.supervision import decisions
from tests.factories.accounts import UserFactory
from tests.factories.directory import SuppressionFactory
from tests.factories.opportunities import (
    CalendarFactory,
    ClientFactory,
    DeskFactory,
    Funnel,
    PromoterFactory,
)
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def funnel(transactional_db: None) -> Funnel:
    return Funnel()


@pytest.fixture
def promoter(funnel: Funnel) -> Promoter:
    supervisor = UserFactory.create(role=Role.SUPERVISOR)
    hours = [(day, dt.time(9), dt.time(13)) for day in range(5)] + [(5, dt.time(9), dt.time(12))]
    desk = DeskFactory.create(calendar=CalendarFactory.create(windows=hours))
    desk.team.supervisors.add(supervisor)
    row: Promoter = PromoterFactory.create(desk=desk)
    return row


@pytest.fixture
def line(promoter: Promoter) -> WhatsAppSession:
    row: WhatsAppSession = WhatsAppSessionFactory.create(
        owner=promoter.user, team=promoter.desk.team, region="MX", daily_limit=150
    )
    return row


def give(promoter: Promoter, number: int) -> list[Opportunity]:
    ClientFactory.create_batch(number)
    request_lot(promoter, Filters(), number, key=f"k{Opportunity.objects.count()}", now=timezone.now())
    return list(Opportunity.objects.filter(owner=promoter).order_by("-id")[:number])[::-1]


def draft(
    promoter: Promoter,
    line: WhatsAppSession,
    choice: Choice | None = None,
    *,
    key: str = "uno",
    name: str = "Seguimiento",
    template: str = "Hola {nombre}, te escribo desde {ciudad}.",
) -> Drafted:
    asked = NewCampaign(name=name, template=template, session=line, choice=choice or Choice())
    return draft_campaign(promoter, asked, key=key, now=timezone.now())


def phone_of(row: Opportunity) -> str:
    return row.client.contacts.get(kind=ContactPoint.Kind.PHONE).normalised


# --- Whom ---------------------------------------------------------------------------------------------------------------


def test_a_draft_holds_all_that_is_theirs_and_goes_through_approval_like_any_other(
    promoter: Promoter, line: WhatsAppSession
) -> None:
    rows = give(promoter, 3)
    give(PromoterFactory.create(desk=promoter.desk), 2)

    drafted = draft(promoter, line)

    campaign = drafted.campaign
    assert (campaign.owner, campaign.team, campaign.session) == (promoter.user, promoter.desk.team, line)
    assert campaign.state == CampaignState.DRAFT
    assert set(campaign.envios.values_list("phone", flat=True)) == {phone_of(row) for row in rows}
    assert campaign.envios.order_by("id")[0].text == f"Hola {rows[0].client.name}, te escribo desde Guadalajara."
    assert (drafted.report.accepted, drafted.report.file_name) == (3, "Mis oportunidades")
    lifecycle.submit(campaign, by=promoter.user, now=timezone.now())
    assert campaign.state == CampaignState.AWAITING_APPROVAL
    with pytest.raises(CampaignNotAllowed):
        lifecycle.approve(campaign, by=promoter.user, now=timezone.now())


def test_it_sends_in_the_hours_of_the_desk(promoter: Promoter, line: WhatsAppSession) -> None:
    give(promoter, 1)

    campaign = draft(promoter, line).campaign

    schedules = [
        (row.weekdays, row.daily_cap, [(window.opens, window.closes) for window in row.windows.all()])
        for row in campaign.schedules.order_by("weekdays")
    ]
    assert schedules == [
        ("01234", 150, [(dt.time(9), dt.time(13))]),
        ("5", 150, [(dt.time(9), dt.time(12))]),
    ]


def test_by_stage_by_ids_and_by_a_condition(promoter: Promoter, line: WhatsAppSession, funnel: Funnel) -> None:
    first, second, third = give(promoter, 3)
    moves.move(first.pk, funnel.contacted, by=promoter.user, version=first.version, now=timezone.now())
    foreign = give(PromoterFactory.create(desk=promoter.desk), 1)[0]
    named = Choice(where=Q(client__name=third.client.name))

    def chosen(choice: Choice) -> set[int]:
        return set(own_rows(promoter, choice, now=timezone.now()).values_list("id", flat=True))

    assert chosen(Choice(stage=funnel.contacted.pk)) == {first.pk}
    assert chosen(Choice(ids=frozenset({second.pk, foreign.pk}))) == {second.pk}
    assert chosen(Choice(ids=frozenset())) == set()
    assert chosen(named) == {third.pk}
    assert draft(promoter, line, Choice(ids=frozenset({second.pk, foreign.pk}))).report.rows == 1


def test_what_left_their_hands_or_is_overdue_is_not_theirs(
    promoter: Promoter, line: WhatsAppSession, funnel: Funnel
) -> None:
    kept, pooled, exited, sold, late = give(promoter, 5)
    now = timezone.now()
    supervisor = promoter.desk.team.supervisors.get()
    decisions.return_to_pool(pooled.pk, by=supervisor, now=now)
    moves.move(exited.pk, funnel.no_answer, by=promoter.user, version=exited.version, now=now)
    moves.move(sold.pk, funnel.sold, by=promoter.user, version=sold.version, now=now, data={"amount": "1"})
    Opportunity.objects.filter(pk=late.pk).update(deadline=now - dt.timedelta(minutes=1))

    assert list(draft(promoter, line).campaign.envios.values_list("phone", flat=True)) == [phone_of(kept)]


def test_who_is_reassigned_while_the_draft_is_written_is_not_in_it(
    promoter: Promoter, line: WhatsAppSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, lost = give(promoter, 2)
    colleague = PromoterFactory.create(desk=promoter.desk)
    supervisor = promoter.desk.team.supervisors.get()
    read = reading._numbers_of

    def reassigned_meanwhile(page: list[Client]) -> object:
        decisions.reassign(lost.pk, colleague, by=supervisor, now=timezone.now())
        return read(page)

    monkeypatch.setattr(reading, "_numbers_of", reassigned_meanwhile)

    drafted = draft(promoter, line)

    assert list(drafted.campaign.envios.values_list("phone", flat=True)) == [phone_of(kept)]
    assert (drafted.report.accepted, drafted.report.invalid) == (1, 1)


def test_who_asked_for_silence_or_has_no_phone_is_counted(promoter: Promoter, line: WhatsAppSession) -> None:
    _kept, silent, mute = give(promoter, 3)
    SuppressionFactory.create(phone=phone_of(silent))
    mute.client.contacts.update(is_valid=False)

    report = draft(promoter, line).report

    assert (report.rows, report.accepted, report.opted_out, report.invalid) == (3, 1, 1, 1)
    assert report.report


# --- Once -----------------------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_draft(promoter: Promoter, line: WhatsAppSession) -> None:
    give(promoter, 2)

    first, again = draft(promoter, line), draft(promoter, line)

    assert first == again
    assert Campaign.objects.count() == 1
    assert RecipientImport.objects.count() == 1
    assert draft(promoter, line, key="otra").campaign != first.campaign


def test_one_that_died_before_its_recipients_is_completed_by_the_same_press(
    promoter: Promoter, line: WhatsAppSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(promoter, 2)
    with monkeypatch.context() as patched:
        patched.setattr("opportunities.own_campaigns._fill", lambda *_a, **_k: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            draft(promoter, line)
    assert Campaign.objects.count() == 1

    assert draft(promoter, line).report.accepted == 2
    assert Campaign.objects.count() == 1


# --- What is refused --------------------------------------------------------------------------------------------------------


def nothing_left() -> bool:
    return not (Campaign.objects.exists() or AssignmentRequest.objects.filter(key__startswith="campania").exists())


def test_nobody_chosen_leaves_no_draft(promoter: Promoter, line: WhatsAppSession) -> None:
    with pytest.raises(Incomplete, match="Ninguna de tus oportunidades"):
        draft(promoter, line)
    assert nothing_left()


def test_nobody_who_may_be_written_to_leaves_no_draft(promoter: Promoter, line: WhatsAppSession) -> None:
    for row in give(promoter, 2):
        SuppressionFactory.create(phone=phone_of(row))

    with pytest.raises(Incomplete, match="pidieron no recibir"):
        draft(promoter, line)
    assert nothing_left()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"name": " "}, "nombre"), ({"template": " "}, "mensaje"), ({"key": ""}, "clave"), ({"key": "x" * 65}, "clave")],
)
def test_what_is_missing_is_said(
    fields: dict[str, str], sentence: str, promoter: Promoter, line: WhatsAppSession
) -> None:
    give(promoter, 1)

    with pytest.raises(Incomplete, match=sentence):
        draft(promoter, line, **fields)  # type: ignore[arg-type]
    assert nothing_left()


def test_a_message_that_no_client_can_fill_leaves_no_draft(promoter: Promoter, line: WhatsAppSession) -> None:
    give(promoter, 1)

    with pytest.raises(AudienceError, match=r"\{saldo\}"):
        draft(promoter, line, template="Debes {saldo}")
    assert nothing_left()


def test_only_through_a_line_of_their_own(promoter: Promoter) -> None:
    give(promoter, 1)
    colleague = PromoterFactory.create(desk=promoter.desk)
    foreign = WhatsAppSessionFactory.create(owner=colleague.user, team=promoter.desk.team)
    elsewhere = WhatsAppSessionFactory.create(owner=promoter.user)

    for line in (foreign, elsewhere):
        with pytest.raises(Incomplete, match="línea"):
            draft(promoter, line)
    assert nothing_left()


def test_who_left_writes_to_nobody(promoter: Promoter, line: WhatsAppSession) -> None:
    give(promoter, 1)
    User.objects.filter(pk=promoter.user.pk).update(is_active=False)

    with pytest.raises(NotAllowed):
        draft(promoter, line)
    assert not Envio.objects.exists()
