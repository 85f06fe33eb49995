"""Numbers that get nothing from us: what waits for them is cancelled with the exclusion."""

from __future__ import annotations

import datetime as dt

from django.contrib import admin

from campaigns.inbound import suppress_list
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.directory.suppression import SuppressionReport
from leadmaster.directory.suppression_admin import SuppressionAdmin


@admin.register(Suppression)
class CancellingSuppressionAdmin(SuppressionAdmin):
    def suppress(
        self, *, phones: str, region: str, reason: str, by: User, now: dt.datetime
    ) -> tuple[SuppressionReport, int]:
        return suppress_list(phones, region=region, reason=reason, source=Suppression.Source.PERSON, by=by, now=now)
