from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from campaigns.checks import register_checks


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campañas")

    def ready(self) -> None:
        register_checks()
        # They stand on models, which are not there before.
        from campaigns import database_checks  # noqa: PLC0415

        database_checks.register_checks()
