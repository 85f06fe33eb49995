"""One person hears from one campaign at a time, whatever the line: who was written to by another one rests.

The person is their canonical phone. A claim holds the person's row like it holds its lane, so two lines never race for
one of them: a unique column stands behind the first word, a guarded UPDATE behind every other. Only what is proven not to
have left gives the person free again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from campaigns.engine import statements
from campaigns.engine.statements import Due
from campaigns.models import Attempt, Campaign, Envio, PersonRest
from campaigns.overlap import rest_of

# So many rows of a campaign are moved behind their persons' rests at once.
_BATCH = 200


def hold(campaign: Campaign, due: Due, now: dt.datetime) -> bool:
    """Hold this person for this campaign, in the claim's transaction. False while they rest from another one, or when
    another claim was first. One statement."""
    if due.written_at is None:
        # Raises IntegrityError when another line's claim wrote the row meanwhile: this claim is rolled back whole.
        statements.first_word(PersonRest(phone=due.phone, campaign_id=campaign.pk, written_at=now))
        return True
    return statements.next_word(due.phone, campaign_id=campaign.pk, before=now - rest_of(campaign), now=now)


def rests(campaign: Campaign, due: Due, now: dt.datetime) -> bool:
    """Whether this person was written to by another campaign too lately for this one."""
    if due.written_at is None or due.written_by == campaign.pk:
        return False
    return due.written_at > now - rest_of(campaign)


def postpone(campaign: Campaign, now: dt.datetime) -> None:
    """Move what is due of this campaign behind the rests of its persons, so that what comes after it is claimed.

    Locked with SKIP LOCKED, by the claim's own index. Three queries for so many rows.
    """
    due = list(
        Envio.objects.filter(campaign=campaign)
        .due(now)
        .order_by("next_due", "id")
        .select_for_update(skip_locked=True)
        .only("id", "phone", "next_due")[:_BATCH]
    )
    until = resting(campaign, [row.phone for row in due], now)
    moved = [row for row in due if row.phone in until]
    for row in moved:
        row.next_due = until[row.phone]
    Envio.objects.bulk_update(moved, ["next_due"])


def resting(campaign: Campaign, phones: Sequence[str], now: dt.datetime) -> dict[str, dt.datetime]:
    """Until when each of these rests from another campaign, as far as they do. One query."""
    rest = rest_of(campaign)
    rows = PersonRest.objects.filter(phone__in=phones, written_at__gt=now - rest).exclude(campaign=campaign)
    return {phone: written_at + rest for phone, written_at in rows.values_list("phone", "written_at")}


def rests_until(campaign: Campaign, phone: str, now: dt.datetime) -> dt.datetime | None:
    """Until when this person rests from other campaigns, for whoever asks why this one does not write. One query."""
    return resting(campaign, [phone], now).get(phone)


def remember(written: Mapping[str, dt.datetime], campaign: Campaign) -> None:
    """Somebody else wrote to these for this campaign, at these times: their rest counts from then, as far as nobody wrote
    later. Runs in the caller's transaction.
    """
    known = {row.phone: row for row in PersonRest.objects.filter(phone__in=written).select_for_update()}
    older = [row for phone, row in known.items() if row.written_at < written[phone]]
    for row in older:
        row.campaign, row.written_at = campaign, written[row.phone]
    PersonRest.objects.bulk_update(older, ["campaign", "written_at"])
    PersonRest.objects.bulk_create(
        PersonRest(phone=phone, campaign=campaign, written_at=at)
        for phone, at in sorted(written.items())
        if phone not in known
    )


def release(token: uuid.UUID) -> None:
    """The try with this token is proven not to have left: nobody wrote to this person then."""
    tried = Attempt.objects.filter(token=token).values_list("envio__phone", "envio__campaign", "claimed_at").first()
    if tried is not None:
        phone, campaign, at = tried
        PersonRest.objects.filter(phone=phone, campaign=campaign, written_at=at).delete()
