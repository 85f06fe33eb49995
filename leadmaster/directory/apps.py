from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DirectoryConfig(AppConfig):
    name = "leadmaster.directory"
    verbose_name = _("Directorio")

    def ready(self) -> None:
        # They stand on models, which are not there before.
        from leadmaster.directory.checks import register_checks  # noqa: PLC0415

        register_checks()
