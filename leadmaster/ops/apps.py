from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from leadmaster.ops.checks import register_checks


class OpsConfig(AppConfig):
    name = "leadmaster.ops"
    verbose_name = _("Operación")

    def ready(self) -> None:
        register_checks()
