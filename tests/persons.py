"""Very many persons who were written to, made by the server: for the plans of queries at size."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from campaigns.models import Campaign, PersonRest

_SIDE = 224


def fifty_thousand_persons(campaign: Campaign, at: dt.datetime) -> None:
    """So many rests from this campaign, each of another number, squared from a few."""
    PersonRest.objects.bulk_create(
        PersonRest(phone=f"+9{number:04d}", campaign=campaign, written_at=at) for number in range(_SIDE)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_personrest (phone, campaign_id, written_at) "
            "SELECT CONCAT(a.phone, b.phone), a.campaign_id, a.written_at "
            "FROM campaigns_personrest a CROSS JOIN campaigns_personrest b "
            "WHERE a.campaign_id = %s AND b.campaign_id = %s",
            [campaign.pk, campaign.pk],
        )
