from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from whatsapp.checks import register_checks


class WhatsAppConfig(AppConfig):
    name = "whatsapp"
    verbose_name = _("WhatsApp")

    def ready(self) -> None:
        register_checks()
