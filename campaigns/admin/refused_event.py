"""Events of callbacks that could not be taken. They may hold what people wrote, so administrators alone read them."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from campaigns.models import RefusedEvent
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment


@admin.register(RefusedEvent)
class RefusedEventAdmin(ReadOnlyAdmin[RefusedEvent]):
    list_display = ("session", "reason", "count", "when")
    list_select_related = ("session",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("session", "reason", "count", "received_at", "content")
    when = moment("received_at", gettext_lazy("llegó"))
