"""Promoters over the API: their load, quota and absences, and where they sit."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from leadmaster.calendars.models import OperatingCalendar
from opportunities.enums import QuotaKind
from opportunities.models import DailyQuota, Lot, Promoter, QuotaEntry
from tests.company import signed_in
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import PromoterFactory
from tests.opportunities.api.asking import refused
from tests.opportunities.api.world import World

V1 = "/api/v1"


def patch(world: World, path: str, who: str = "boss", **body: Any) -> Any:
    return world.client(who).patch(f"{V1}/{path}", body)


def test_a_promoter_is_switched_off_and_told_as_no_receiver(world: World) -> None:
    promoter = world.promoter("owner")

    told = patch(world, f"promoters/{promoter.pk}/", available=False, daily_quota=None, capacity=3).json()

    promoter.refresh_from_db()
    assert (promoter.available, promoter.capacity, promoter.daily_quota) == (False, 3, None)
    assert (told["available"], told["receives"], told["capacity"], told["room"]) == (False, False, 3, 3)


def test_room_is_what_quota_and_hands_leave_both(world: World) -> None:
    world.give(2)
    promoter = world.promoter("owner")
    Promoter.objects.filter(pk=promoter.pk).update(capacity=3)

    told = world.client("boss").get(f"{V1}/promoters/{promoter.pk}/").json()

    assert (told["left"], told["active"], told["room"], told["receives"]) == (98, 2, 1, True)


def test_whoever_is_away_today_receives_nothing(world: World) -> None:
    world.absence(days=0)

    told = world.client("boss").get(f"{V1}/promoters/{world.promoter('owner').pk}/").json()

    assert (told["available"], told["absent"], told["receives"]) == (True, True, False)


def test_nobody_sets_their_own_limits(world: World) -> None:
    """A supervisor may work at a desk that somebody else supervises."""
    me = PromoterFactory(user=world.boss, desk=world.promoter("outsider").desk)

    answer = patch(world, f"promoters/{me.pk}/", capacity=1_000)

    assert refused(answer) == (403, "not_allowed")
    assert Promoter.objects.get(pk=me.pk).capacity is None


@pytest.mark.parametrize("body", [{"user": 1}, {"desk": 2}, {"team": 3}, {"version": 1}])
def test_who_sits_where_is_not_changed_by_the_way(body: dict[str, Any], world: World) -> None:
    promoter = world.promoter("owner")

    answer = patch(world, f"promoters/{promoter.pk}/", capacity=7, **body)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, list(body))
    assert world.promoter("owner").capacity == promoter.capacity
    assert world.promoter("owner") == promoter
    assert world.promoter("owner").desk_id == promoter.desk_id


def test_only_a_promoter_without_a_desk_is_seated(world: World) -> None:
    desk, new = world.promoter("owner").desk_id, UserFactory.create()

    answers = [
        world.post("admin", f"{V1}/promoters/", {"user": user.pk, "desk": desk})
        for user in (new, new, world.colleague, world.boss, UserFactory.create(is_active=False))
    ]

    assert [answer.status_code for answer in answers] == [201, 400, 400, 400, 400]
    assert (answers[0].json()["user"], answers[0].json()["desk"]) == (new.pk, desk)


def test_today_tells_what_could_still_be_had(world: World) -> None:
    world.give(4)

    told = world.client("owner").get("/api/v1/quotas/today/").json()

    assert told == {"limit": 100, "used": 4, "room": 196, "left": 96, "full": False}


def test_today_goes_on_where_the_zone_has_another_date(world: World) -> None:
    """Kiritimati is a day ahead of Pago Pago at any hour. By the API, to its answers and to the supervisor's page."""
    desk = world.promoter("owner").desk
    OperatingCalendar.objects.filter(pk=desk.calendar_id).update(time_zone="Pacific/Kiritimati")
    world.give(4)
    path = f"{V1}/calendars/{desk.calendar_id}"
    seen = world.post("admin", f"{path}/rehearse/", {"time_zone": "Pacific/Pago_Pago"}).json()

    body = {"time_zone": "Pacific/Pago_Pago", "rehearsed": seen["rehearsed"]}
    moved = world.client("admin").patch(f"{path}/", body)

    assert moved.status_code == 200, moved.content
    assert world.client("owner").get(f"{V1}/quotas/today/").json()["used"] == 4
    rows = world.client("boss").get(f"{V1}/promoters/").json()["results"]
    assert next(row for row in rows if row["id"] == world.promoter("owner").pk)["used"] == 4
    page = signed_in(world.boss).get(reverse("admin:opportunities_dailyquota_changelist"))
    assert page.context["today"]["used"] == 4
    world.give(1)
    assert DailyQuota.objects.get(promoter=world.promoter("owner")).used == 5


def test_a_correction_is_a_line_of_the_ledger(world: World) -> None:
    world.give(2)
    promoter = world.promoter("owner")

    told = world.post("boss", f"/api/v1/promoters/{promoter.pk}/quota/", {"limit": 5, "reason": "Feria"}).json()

    assert (told["limit"], told["used"], told["left"]) == (5, 2, 3)
    lines = world.client("boss").get(f"/api/v1/quotas/{told['id']}/entries/").json()["results"]
    assert [(line["kind"], line["amount"], line["by"], line["reason"]) for line in lines] == [
        (QuotaKind.LIMIT, -95, world.boss.pk, "Feria"),
        (QuotaKind.GRANT, 2, world.owner.pk, ""),
    ]
    assert lines[1]["lot"] == Lot.objects.get().pk


@pytest.mark.parametrize("body", [{"limit": 5}, {"limit": 5, "reason": " "}, {"limit": -1, "reason": "x"}])
def test_a_correction_needs_a_reason_and_a_limit(body: dict[str, Any], world: World) -> None:
    answer = world.post("boss", f"/api/v1/promoters/{world.promoter('owner').pk}/quota/", body)

    assert answer.status_code == 400
    assert not QuotaEntry.objects.exists()


def test_promoters_are_told_with_load_quota_and_absence(world: World) -> None:
    world.give(3)
    today = timezone.now().date().isoformat()
    body = {"promoter": world.promoter("colleague").pk, "starts_on": today, "ends_on": today, "policy": "pausar"}
    world.post("boss", "/api/v1/absences/", body)

    found = world.client("boss").get("/api/v1/promoters/").json()["results"]

    told = {one["user"]: (one["active"], one["capacity"], one["used"], one["limit"], one["absent"]) for one in found}
    assert told == {world.owner.pk: (3, 200, 3, 100, False), world.colleague.pk: (0, 200, 0, 100, True)}
    one = world.client("boss").get(f"/api/v1/promoters/{world.promoter('owner').pk}/").json()
    assert one == next(row for row in found if row["user"] == world.owner.pk)
