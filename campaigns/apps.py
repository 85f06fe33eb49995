from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from campaigns.checks import register_checks


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campañas")

    def ready(self) -> None:
        register_checks()
