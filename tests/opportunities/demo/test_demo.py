"""The demonstration: a believable team in an empty database, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import random
import zoneinfo

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from campaigns.demo import people
from campaigns.engine.plan import make_plan
from campaigns.enums import CampaignState, ConversationState, EnvioState, WhyNot
from campaigns.models import Campaign, Conversation, Envio, Reply
from leadmaster.accounts.models import Team, User
from leadmaster.calendars.arithmetic import CLOSED, Calendar, Hours, operating_time_between
from leadmaster.ops.models import ReconciliationRun
from opportunities.clocks.countdown import deadline_for
from opportunities.demo import days
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState, QuotaKind
from opportunities.management.commands import demo
from opportunities.models import (
    Absence,
    ContactAttempt,
    Lot,
    Opportunity,
    OpportunityEvent,
    Promoter,
    QuotaEntry,
    Sale,
    Stage,
)
from opportunities.queries.reminders import next_of_day
from opportunities.queries.rush import rush_of
from opportunities.queries.time_left import shift_of
from tests.company import signed_in
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_fills_an_empty_database_with_campaigns_and_a_desk_at_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", "--if-empty")

    assert set(Campaign.objects.values_list("state", flat=True)) == {
        CampaignState.DRAFT,
        CampaignState.AWAITING_APPROVAL,
        CampaignState.RUNNING,
        CampaignState.PAUSED,
        CampaignState.FINISHED,
    }
    assert Envio.objects.filter(state=EnvioState.UNCERTAIN).count() == 3
    assert set(Opportunity.objects.values_list("state", flat=True)) >= {
        OpportunityState.ACTIVE,
        OpportunityState.EXIT,
        OpportunityState.POOL,
        OpportunityState.WON,
    }
    directory, own = (Campaign.objects.get(name=name) for name in ("Docentes de Córdoba", "Seguimiento de la semana"))
    assert directory.imports.get().file_name == "Directorio: Córdoba · Docentes"
    assert (directory.state, own.state) == (CampaignState.DRAFT, CampaignState.AWAITING_APPROVAL)
    theirs = Opportunity.objects.filter(owner__user=own.owner, state=OpportunityState.ACTIVE)
    assert own.envios.count() == theirs.count() > 0
    assert Reply.objects.count() == 7
    assert Conversation.objects.filter(state=ConversationState.WAITING, unread__gt=0).count() == 6
    assert Conversation.objects.filter(phone=None).count() == 1
    told = capsys.readouterr().out
    for username in ("laura", "diego", "admin"):
        assert username in told
        assert User.objects.get(username=username).check_password("leadmaster-demo")

    call_command("demo", "--if-empty")
    assert capsys.readouterr().out == told
    assert Team.objects.count() == 2


@pytest.mark.parametrize(
    "now",
    [
        dt.datetime(2026, 11, 22, 4, 24, tzinfo=dt.UTC),  # Sunday, in the night
        dt.datetime(2026, 11, 23, 12, 1, tzinfo=dt.UTC),  # Monday, the desk of Córdoba has just opened
        dt.datetime(2026, 11, 25, 17, 30, tzinfo=dt.UTC),  # Wednesday, at lunch there
        dt.datetime(2026, 11, 28, 2, 59, tzinfo=dt.UTC),  # Friday, a minute before midnight there
    ],
)
def test_its_desk_is_at_work_whenever_it_is_opened(now: dt.datetime) -> None:
    staff = people.hire()

    days.work(staff, people.connect_lines(staff), now=now, chance=random.Random(20))

    for promoter in Promoter.objects.exclude(user=staff.on_leave):
        rush = rush_of(promoter, calendar=promoter.desk.calendar.as_value(), now=now)
        assert rush.overdue == 0
        assert rush.active > 15
        assert rush.this_shift >= 6
        assert Opportunity.objects.filter(owner=promoter, state=OpportunityState.EXIT).count() >= 3
        # Of the five weeks before, of days ago, of today.
        assert Lot.objects.filter(promoter=promoter).count() == 5 + 2
        assert [one.due for one in next_of_day(promoter.user, now=now)] == [True, False]
        today = ContactAttempt.objects.filter(by=promoter.user, at__gte=now - dt.timedelta(hours=12))
        assert sorted(today.values_list("outcome", flat=True)) == [
            "escrito",
            "no_atendio",
            "sin_resultado",
            "volver_a_llamar",
        ]
    assert len({sale.at.isocalendar().week for sale in Sale.objects.filter(at__lt=now - dt.timedelta(days=7))}) >= 4
    _check_exceptions(staff, now)


def _check_exceptions(staff: people.Staff, now: dt.datetime) -> None:
    """Somebody is away with her clocks stopped, somebody leaves soon, a client got more time, a quota was raised."""
    away, soon = Absence.objects.order_by("starts_on")
    assert (away.promoter.user, away.begun_at, away.policy) == (staff.on_leave, now, AbsencePolicy.PAUSE)
    waiting = Opportunity.objects.filter(owner=away.promoter)
    assert waiting.count() == 6
    assert all(row.paused_seconds and row.deadline is None for row in waiting)
    assert (soon.promoter.user, soon.begun_at, soon.policy) == (staff.promoters[1], None, AbsencePolicy.REDISTRIBUTE)
    extended = OpportunityEvent.objects.get(kind=EventKind.EXTENDED).opportunity
    assert extended.extended
    assert extended.owner.user == staff.promoters[0]  # type: ignore[union-attr]
    correction = QuotaEntry.objects.get(kind=QuotaKind.LIMIT)
    assert (correction.amount, correction.by, correction.quota.limit) == (6, staff.supervisor, 36)


def test_the_first_clocks_run_out_soon_at_every_hour_of_the_week() -> None:
    office = Hours.of((dt.time(9), dt.time(13)), (dt.time(16), dt.time(20)))
    calendar = Calendar(
        week=(*[office] * 5, Hours.of((dt.time(9), dt.time(13))), CLOSED),
        tz=zoneinfo.ZoneInfo("America/Argentina/Cordoba"),
    )
    stage = Stage(timer_minutes=8 * 60)
    monday = dt.datetime(2026, 11, 23, 0, 7, tzinfo=dt.UTC)

    for hours in range(7 * 24):
        now = monday + dt.timedelta(hours=hours)
        began = days.running_out(stage, calendar=calendar, now=now)
        deadline = deadline_for(stage, calendar=calendar, now=began)
        assert deadline is not None
        closes = shift_of(calendar, now).closes
        assert closes is not None
        assert began < now < deadline <= closes, now
        assert operating_time_between(now, deadline, calendar) <= dt.timedelta(minutes=90), now


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_its_running_campaigns_send_at_any_hour_of_the_day(hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = dt.datetime(2026, 11, 22, hour, 24, tzinfo=dt.UTC)
    monkeypatch.setattr(days, "work", lambda *_arguments, **_options: None)
    monkeypatch.setattr(demo, "database_now", lambda: now)

    call_command("demo")

    reasons = {standing.reason for standing in make_plan(now).standings.values()}
    assert reasons == {WhyNot.SESSION}  # nobody has asked the gateway yet, and nothing else stands in the way


def test_never_mixes_with_real_data() -> None:
    UserFactory()

    with pytest.raises(CommandError, match="no está vacía"):
        call_command("demo")
    call_command("demo", "--if-empty")

    assert User.objects.count() == 1


def test_half_a_demonstration_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(days, "work", fail)

    with pytest.raises(RuntimeError, match="disk"):
        call_command("demo", "--if-empty")

    assert not User.objects.exists()
    assert not Campaign.objects.exists()


def test_last_night_everything_was_true_and_it_still_is() -> None:
    call_command("demo", "--if-empty")

    run = ReconciliationRun.objects.get()
    assert (run.total, run.failed) == (0, {})
    assert run.finished_at is not None
    assert run.finished_at < timezone.now()
    call_command("reconcile")
    page = signed_in(User.objects.get(username="laura")).get(reverse("admin:index")).content.decode()
    assert "Todo es verdad" in page
    assert reverse("admin:ops_reconciliationfinding_changelist") not in page
