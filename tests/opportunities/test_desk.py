"""The desk's rules one by one: who may, what comes back, what is counted, what moves."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.enums import EnvioState
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.arithmetic import Calendar, Hours
from leadmaster.calendars.write import save_calendar
from leadmaster.directory.models import Suppression
from opportunities.assignment import capture, facets
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.capacity import quota
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState, QuotaKind
from opportunities.errors import Incomplete, NoQuota, NotAllowed, Refused, Taken, Unavailable, WrongState
from opportunities.funnel import moves
from opportunities.models import BulkAction, CoolDown, DailyQuota, Opportunity, Promoter, QuotaEntry
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision import undo as undoing
from opportunities.supervision.undo import undo
from opportunities.timers import expiry, extension, preview, recalculation
from opportunities.timers.recalculation import Applied
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


@dataclasses.dataclass
class People:
    """A desk with two promoters and their supervisor; another team's promoter and supervisor."""

    owner: Promoter
    colleague: Promoter
    boss: User
    stranger: Promoter
    other_boss: User


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def people(funnel: Funnel) -> People:
    desk = DeskFactory()
    boss, other_boss = UserFactory.create_batch(2, role=Role.SUPERVISOR)
    stranger = PromoterFactory()
    desk.team.supervisors.add(boss)
    stranger.desk.team.supervisors.add(other_boss)
    return People(PromoterFactory(desk=desk), PromoterFactory(desk=desk), boss, stranger, other_boss)


def ask(promoter: Promoter, quantity: int, key: str = "k", *, now: dt.datetime = NOW) -> Granted:
    return request_lot(promoter, Filters(), quantity, key=key, now=now)


def one_of(promoter: Promoter) -> Opportunity:
    ClientFactory.create_batch(1)
    ask(promoter, 1, f"uno {Opportunity.objects.count()}")
    return Opportunity.objects.latest("id")


# --- Whose it is -------------------------------------------------------------------------------------------------------


def test_only_its_owner_and_their_supervisor_touch_an_opportunity(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    verbs = [
        lambda by: moves.move(row.pk, funnel.contacted, by=by, version=1, now=NOW),
        lambda by: moves.note(row.pk, by=by, text="Hola", now=NOW),
        lambda by: extension.extend(row.pk, by=by, version=1, now=NOW),
        lambda by: decisions.reassign(row.pk, people.colleague, by=by, now=NOW),
        lambda by: decisions.return_to_pool(row.pk, by=by, now=NOW),
        lambda by: decisions.close(row.pk, by=by, now=NOW, reason="Fin"),
        lambda by: decisions.give_back(row.pk, by=by, now=NOW),
    ]
    for by in (people.colleague.user, people.stranger.user, people.other_boss):
        for verb in verbs:
            with pytest.raises(NotAllowed):
                verb(by)
    for verb in verbs[3:]:
        with pytest.raises(NotAllowed):
            verb(people.owner.user)
    row.refresh_from_db()
    assert (row.version, row.events.count()) == (1, 1)


def test_what_does_not_exist_is_refused_as_somebody_elses_is(people: People) -> None:
    row = one_of(people.owner)
    with pytest.raises(NotAllowed) as nothing:
        decisions.close(10**6, by=people.other_boss, now=NOW, reason="Fin")
    with pytest.raises(NotAllowed) as theirs:
        decisions.close(row.pk, by=people.other_boss, now=NOW, reason="Fin")
    assert str(nothing.value).replace(str(10**6), "#") == str(theirs.value).replace(str(row.pk), "#")


def test_a_supervisor_gives_nothing_to_a_team_that_is_not_theirs(people: People) -> None:
    row = one_of(people.owner)
    with pytest.raises(NotAllowed):
        decisions.reassign(row.pk, people.stranger, by=people.boss, now=NOW)
    assert not QuotaEntry.objects.filter(quota__promoter=people.stranger).exists()
    people.stranger.desk.team.supervisors.add(people.boss)
    moved = decisions.reassign(row.pk, people.stranger, by=people.boss, now=NOW)
    assert (moved.owner, moved.team) == (people.stranger, people.stranger.desk.team)
    assert findings() == []


def test_a_pooled_one_is_seen_by_supervisors_of_its_team_and_nobody_else(people: People) -> None:
    row = one_of(people.owner)
    assert row in Opportunity.objects.visible_to(people.owner.user)
    decisions.return_to_pool(row.pk, by=people.boss, now=NOW)
    assert row in Opportunity.objects.visible_to(people.boss).pool()
    for user in (people.owner.user, people.colleague.user, people.other_boss):
        assert row not in Opportunity.objects.visible_to(user)


# --- Quota -------------------------------------------------------------------------------------------------------------


def test_a_limit_lowered_below_what_is_used_stops_there_and_gives_nothing_more(people: People) -> None:
    ClientFactory.create_batch(8)
    ask(people.owner, 5)
    row = quota.change_limit(people.owner, NOW.date(), 2, by=people.boss, reason="Menos", now=NOW)
    assert (row.limit, row.used) == (5, 5)
    assert ask(people.owner, 1, "otra").lot_id is None
    assert findings() == []


def test_over_the_quota_only_by_permission_with_a_reason_and_on_the_ledger(people: People) -> None:
    people.colleague.daily_quota = 0
    people.colleague.save()
    row = one_of(people.owner)
    admin = UserFactory(role=Role.ADMINISTRATOR)
    with pytest.raises(NoQuota):
        decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)
    with pytest.raises(NotAllowed):
        decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW, reason="Urge", over_quota=True)
    with pytest.raises(Incomplete):
        decisions.reassign(row.pk, people.colleague, by=admin, now=NOW, over_quota=True)
    decisions.reassign(row.pk, people.colleague, by=admin, now=NOW, reason="Urge", over_quota=True)
    lines = QuotaEntry.objects.filter(quota__promoter=people.colleague)
    assert [(line.kind, line.amount, line.reason) for line in lines] == [
        (QuotaKind.LIMIT, 1, "Urge"),
        (QuotaKind.REASSIGNED_IN, 1, "Urge"),
    ]
    assert findings() == []


def test_undoing_an_over_quota_reassignment_takes_the_room_back(people: People) -> None:
    people.colleague.daily_quota = 0
    people.colleague.save()
    row = one_of(people.owner)
    admin = UserFactory(role=Role.ADMINISTRATOR)
    bulk.reassign([row.pk], people.colleague, by=admin, now=NOW, reason="Urge", over_quota=True)
    undo(BulkAction.objects.get(), by=admin, now=NOW)
    day = DailyQuota.objects.get(promoter=people.colleague)
    assert (day.limit, day.used) == (0, 0)
    assert findings() == []


def test_a_request_stops_at_the_most_that_a_promoter_works_at_once(people: People) -> None:
    ClientFactory.create_batch(10)
    people.owner.capacity = 3
    assert ask(people.owner, 5).granted == 3
    full = ask(people.owner, 1, "otra")
    assert (full.lot_id, full.quota_left) == (None, 17)
    assert "máximo" in full.sentence
    assert findings() == []


def test_the_quotas_day_is_the_desks_and_unique_through_midnight_and_clock_changes(funnel: Funnel) -> None:
    """Santiago puts its clocks back at midnight: 23:00–24:00 of that Saturday is lived twice."""
    promoter = PromoterFactory(desk=DeskFactory(calendar=CalendarFactory(time_zone="America/Santiago"), daily_quota=3))
    ClientFactory.create_batch(12)
    before_midnight = dt.datetime(2026, 4, 5, 2, 30, tzinfo=dt.UTC)
    for hours in (0, 1, 2, 0):
        ask(promoter, 1, f"{hours}{Opportunity.objects.count()}", now=before_midnight + dt.timedelta(hours=hours))
    days = {row.day.isoformat(): row.used for row in DailyQuota.objects.all()}
    assert days == {"2026-04-04": 3, "2026-04-05": 1}
    assert findings() == []


def test_the_number_of_queries_does_not_grow_with_the_quantity(people: People) -> None:
    ClientFactory.create_batch(60)
    counts = []
    for quantity in (1, 20):
        people.owner.daily_quota = 100
        people.owner.save()
        with CaptureQueriesContext(connection) as context:
            assert (
                ask(people.owner, quantity, f"q{quantity}", now=NOW + dt.timedelta(days=quantity)).granted == quantity
            )
        counts.append(
            len([q for q in context.captured_queries if q["sql"].split()[0] in {"SELECT", "INSERT", "UPDATE"}])
        )
    assert counts[0] == counts[1] <= 28


# --- Draw --------------------------------------------------------------------------------------------------------------


def test_the_oldest_of_the_pool_come_first_and_opted_out_ones_never(people: People) -> None:
    ClientFactory.create_batch(4)
    ask(people.owner, 4)
    rows = list(Opportunity.objects.order_by("id"))
    for minutes, row in enumerate([rows[2], rows[0], rows[1]]):
        decisions.return_to_pool(row.pk, by=people.boss, now=NOW + dt.timedelta(minutes=minutes))
    phone = rows[2].client.contacts.all()[0].normalised
    Suppression.objects.create(phone=phone, source="respuesta", created_at=NOW)
    fresh = ClientFactory()
    assert facets.count(people.colleague, Filters(), now=NOW) == 3
    ask(people.colleague, 2, now=NOW)
    assert set(Opportunity.objects.filter(owner=people.colleague)) == {rows[0], rows[1]}
    ask(people.colleague, 2, "otra", now=NOW)
    assert Opportunity.objects.filter(owner=people.colleague, client=fresh).exists()
    assert findings() == []


def test_a_longer_cool_down_is_not_shortened_by_a_later_one(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    CoolDown.objects.create(promoter=people.owner, client=row.client, until=NOW + dt.timedelta(days=30))
    moves.move(row.pk, funnel.no_answer, by=people.owner.user, version=1, now=NOW)
    assert CoolDown.objects.get().until == NOW + dt.timedelta(days=30)


def test_who_let_a_lead_run_out_does_not_get_it_back_by_typing_its_phone(people: People) -> None:
    row = one_of(people.owner)
    expiry.expire_timers(NOW + dt.timedelta(minutes=61))
    person = capture.NewClient(name="Ana", phones=[row.client.contacts.all()[0].normalised], region="MX")
    with pytest.raises(Taken):
        capture.capture(people.owner, person, key="k", now=NOW + dt.timedelta(minutes=62))
    assert capture.capture(people.colleague, person, key="k", now=NOW + dt.timedelta(minutes=62)) == row
    assert findings() == []


def test_one_key_serves_a_request_and_a_capture(people: People) -> None:
    ClientFactory()
    key = "x" * 64
    assert ask(people.owner, 1, key).granted == 1
    row = capture.capture(people.owner, capture.NewClient(name="Eva", phones=["351 15 555 0001"]), key=key, now=NOW)
    other = capture.capture(
        people.owner, capture.NewClient(name="Ema", phones=["351 15 555 0002"]), key=key[:-1] + "y", now=NOW
    )
    assert row != other
    assert ask(people.owner, 1, key).granted == 1
    assert findings() == []


# --- Absences ----------------------------------------------------------------------------------------------------------


def test_clocks_stop_with_the_absences_first_instant_however_late_the_cron_comes(people: People) -> None:
    row = one_of(people.owner)
    moves.note(row.pk, by=people.owner.user, text="Hola", now=NOW)
    tomorrow = NOW.date() + dt.timedelta(days=1)
    Opportunity.objects.filter(pk=row.pk).update(deadline=dt.datetime(2026, 3, 5, 3, 0, tzinfo=dt.UTC))
    absences.announce(
        people.owner, starts_on=tomorrow, ends_on=tomorrow, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    # Ten hours into the absence: three were left at midnight.
    late = dt.datetime(2026, 3, 5, 10, 0, tzinfo=dt.UTC)
    absences.begin_and_end(late)
    assert expiry.expire_timers(late).expired == 0
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds) == (None, 3 * 3600)
    with pytest.raises(Unavailable):
        ask(people.owner, 1, now=late)
    absences.begin_and_end(dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC))
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds) == (dt.datetime(2026, 3, 6, 3, 0, tzinfo=dt.UTC), None)
    assert findings() == []


def test_a_stopped_clock_does_not_follow_its_row_to_another_promoter(people: People) -> None:
    row = one_of(people.owner)
    today = NOW.date()
    absence = absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    absences.begin_and_end(NOW)
    moved = decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)
    assert (moved.deadline, moved.paused_seconds) == (NOW + dt.timedelta(minutes=60), None)
    absences.call_off(absence, by=people.boss, now=NOW)
    with pytest.raises(WrongState):
        absences.call_off(absence, by=people.boss, now=NOW)
    assert findings() == []


def test_work_that_moves_on_while_its_owner_is_away_waits_with_all_its_time(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    today = NOW.date()
    absences.announce(people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW)
    absences.begin_and_end(NOW)
    row.refresh_from_db()
    moved = moves.move(row.pk, funnel.contacted, by=people.boss, version=row.version, now=NOW)
    assert (moved.deadline, moved.paused_seconds) == (None, 120 * 60)
    assert expiry.expire_timers(NOW + dt.timedelta(hours=8)).expired == 0
    assert findings() == []


def test_nobodys_work_is_given_away_for_an_absence_that_is_over(people: People) -> None:
    one_of(people.owner)
    today = NOW.date()
    absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.REDISTRIBUTE, by=people.boss, now=NOW
    )
    absences.begin_and_end(NOW + dt.timedelta(days=1))
    assert Opportunity.objects.get().owner == people.owner


# --- Bulk and undo -----------------------------------------------------------------------------------------------------


def test_an_undo_that_died_half_way_is_finished_by_the_next(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    ClientFactory.create_batch(3)
    ask(people.owner, 3)
    ids = list(Opportunity.objects.values_list("pk", flat=True))
    bulk.return_to_pool(ids, by=people.boss, now=NOW)
    action = BulkAction.objects.get()
    real, calls = undoing._undo_item, []

    def dies(item: object, **kwargs: object) -> None:
        calls.append(item)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(item, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(undoing, "_undo_item", dies)
    with pytest.raises(KeyboardInterrupt):
        undo(action, by=people.boss, now=NOW)
    monkeypatch.undo()
    assert len(undo(action, by=people.boss, now=NOW).done) == 2
    with pytest.raises(WrongState):
        undo(action, by=people.boss, now=NOW)
    assert set(Opportunity.objects.values_list("state", "owner")) == {("activa", people.owner.pk)}
    assert not CoolDown.objects.exists()
    assert findings() == []


def test_bulk_tells_of_ids_that_are_not_there_and_goes_on(people: People) -> None:
    row = one_of(people.owner)
    report = bulk.return_to_pool([row.pk, 10**6], by=people.boss, now=NOW)
    assert (report.done, set(report.refused)) == ((row.pk,), {10**6})


def test_undo_brings_back_a_stage_without_a_clock_without_a_clock(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    funnel.contacted.timer_minutes = None
    funnel.contacted.save()
    moves.move(row.pk, funnel.contacted, by=people.owner.user, version=1, now=NOW)
    bulk.reassign([row.pk], people.colleague, by=people.boss, now=NOW)
    undo(BulkAction.objects.get(), by=people.boss, now=NOW)
    row.refresh_from_db()
    assert (row.owner, row.stage, row.deadline) == (people.owner, funnel.contacted, None)


def test_bulk_gives_exits_back_to_their_owners_and_can_be_undone(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    moves.move(row.pk, funnel.no_answer, by=people.owner.user, version=1, now=NOW)
    bulk.give_back([row.pk], by=people.boss, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.owner) == (OpportunityState.ACTIVE, people.owner)
    undo(BulkAction.objects.get(), by=people.boss, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.stage, row.deadline) == (OpportunityState.EXIT, funnel.no_answer, None)
    assert CoolDown.objects.count() == 1
    assert findings() == []


# --- Messages ----------------------------------------------------------------------------------------------------------


def test_who_loses_a_client_stops_writing_to_them(people: People) -> None:
    row = one_of(people.owner)
    phone = row.client.contacts.all()[0].normalised
    theirs = EnvioFactory(campaign=CampaignFactory(owner=people.owner.user), phone=phone)
    others = EnvioFactory(campaign=CampaignFactory(owner=people.colleague.user), phone=phone)
    expiry.expire_timers(NOW + dt.timedelta(minutes=61))
    theirs.refresh_from_db()
    others.refresh_from_db()
    assert (theirs.state, others.state) == (EnvioState.CANCELLED, EnvioState.PENDING)


# --- Changes of hours and timers ---------------------------------------------------------------------------------------


def test_a_change_of_hours_moves_what_was_rehearsed_and_nothing_else(people: People) -> None:
    row, overdue = one_of(people.owner), one_of(people.owner)
    Opportunity.objects.filter(pk=overdue.pk).update(deadline=NOW - dt.timedelta(hours=1))
    elsewhere = one_of(people.stranger)
    calendar = people.owner.desk.calendar
    morning = Hours.of((dt.time(9), dt.time(13)))
    new = Calendar((morning,) * 7, calendar.tz)

    rehearsed = preview.rehearse_calendar(calendar, new=new, now=NOW)
    [move] = rehearsed.moves
    assert (move.id, move.after) == (row.pk, dt.datetime(2026, 3, 5, 10, 0, tzinfo=dt.UTC))
    moved = recalculation.change_calendar(
        calendar, lambda: save_calendar(calendar, week=(morning,) * 7), by=people.boss, now=NOW
    )
    assert moved == Applied(moved=1)
    for one in (row, overdue, elsewhere):
        one.refresh_from_db()
    assert row.deadline == move.after
    assert row.events.filter(kind=EventKind.RETIMED).count() == 1
    assert overdue.deadline == NOW - dt.timedelta(hours=1)
    assert elsewhere.version == 1
    assert findings() == []


def test_hours_that_can_not_be_saved_move_nothing(people: People) -> None:
    row = one_of(people.owner)
    calendar = people.owner.desk.calendar
    with pytest.raises(Exception, match="no abre nunca"):
        recalculation.change_calendar(
            calendar, lambda: save_calendar(calendar, week=(Hours(),) * 7), by=people.boss, now=NOW
        )
    row.refresh_from_db()
    assert row.version == 1


@pytest.mark.parametrize(("minutes", "shift"), [(90, 30), (45, -15), (None, None)])
def test_another_timer_gives_or_takes_the_difference(
    people: People, funnel: Funnel, minutes: int | None, shift: int | None
) -> None:
    row = one_of(people.owner)
    assert row.deadline is not None
    later = NOW + dt.timedelta(minutes=10)
    rehearsed = preview.rehearse_stage(funnel.new, timer_minutes=minutes, now=later)
    assert [move.shift for move in rehearsed.moves] == ([] if shift is None else [dt.timedelta(minutes=shift)])
    done = recalculation.change_stage(funnel.new, timer_minutes=minutes, by=people.boss, now=later)
    assert done == Applied(moved=1)
    before = row.deadline
    row.refresh_from_db()
    assert row.deadline == (None if shift is None else before + dt.timedelta(minutes=shift))
    assert findings() == []


def test_a_refusal_writes_nothing(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    with pytest.raises(Refused):
        moves.move(row.pk, funnel.sold, by=people.owner.user, version=1, now=NOW, data={"amount": "nada"})
    row.refresh_from_db()
    assert (row.state, row.version, row.events.count()) == (OpportunityState.ACTIVE, 1, 1)
