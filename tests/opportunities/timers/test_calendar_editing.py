"""Whose hours somebody reads and changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from opportunities.models import Desk
from opportunities.timers import calendar_editing
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import CalendarFactory, DeskFactory

pytestmark = pytest.mark.django_db

Ask = Callable[[User], OperatingCalendarQuerySet]
asks = pytest.mark.parametrize("ask", [calendar_editing.seen_by, calendar_editing.kept_by])


@pytest.fixture
def desk() -> Desk:
    """Its hours belong to it alone, and its team has a calendar of its own beside them."""
    row: Desk = DeskFactory.create()
    CalendarFactory.create(team=row.team)
    return row


def supervisor_of(desk: Desk, role: Role = Role.SUPERVISOR) -> User:
    user: User = UserFactory.create(role=Role.SUPERVISOR)
    desk.team.supervisors.add(user)
    User.objects.filter(pk=user.pk).update(role=role)
    return User.objects.get(pk=user.pk)


@asks
def test_supervisors_read_and_change_the_hours_of_their_teams(ask: Ask, desk: Desk) -> None:
    DeskFactory.create()
    theirs = OperatingCalendar.objects.filter(team=desk.team) | OperatingCalendar.objects.filter(pk=desk.calendar_id)

    assert set(ask(supervisor_of(desk))) == set(theirs)


@asks
def test_who_supervises_no_longer_has_nothing_to_do_with_them(ask: Ask, desk: Desk) -> None:
    """The team's list of supervisors may still name whoever became a promoter: the role decides."""
    assert list(ask(supervisor_of(desk, Role.PROMOTER))) == []


@asks
def test_administrators_read_and_change_all(ask: Ask, desk: Desk) -> None:
    assert set(ask(UserFactory.create(role=Role.ADMINISTRATOR))) == set(OperatingCalendar.objects.all())


def test_hours_by_which_others_work_are_read_and_not_changed(desk: Desk) -> None:
    DeskFactory.create(calendar=desk.calendar)
    user = supervisor_of(desk)

    assert desk.calendar in calendar_editing.seen_by(user)
    assert desk.calendar not in calendar_editing.kept_by(user)
