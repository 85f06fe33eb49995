"""What calendars and holidays share on the desk: whose hours a person keeps, and the one way in which they change."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.errors import Refused
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from leadmaster.lib.admin.modeladmins import ScopedAdmin

M = TypeVar("M", bound=models.Model)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """Other hours of a saved calendar: what they will say, and how they are written.

    `calendar` is as it is saved, whatever a form has written on another copy of it.
    """

    calendar: OperatingCalendar
    new: Calendar
    save: Callable[[], object]


class HoursAdmin(ScopedAdmin[M]):
    """A page that changes hours by which somebody's time may be running."""

    def seen(self, request: HttpRequest) -> OperatingCalendarQuerySet:
        """The calendars that this person may look at."""
        return OperatingCalendar.objects.visible_to(request.user)

    def kept(self, request: HttpRequest) -> OperatingCalendarQuerySet:
        """The calendars that this person may change."""
        return OperatingCalendar.objects.kept_by(request.user)

    def keeps(self, request: HttpRequest, calendar_id: int) -> bool:
        return self.kept(request).filter(pk=calendar_id).exists()

    def change_hours(self, request: HttpRequest, change: Change) -> HttpResponse | None:
        """Write it. An answer is a page to be read first, and then nothing was written. Raises Refused.

        Whoever counts time by these hours replaces this: in here, nobody knows of them.
        """
        change.save()
        return None

    @abc.abstractmethod
    def asked(self, request: HttpRequest, object_id: str | None) -> tuple[ModelForm[M], Change] | None:
        """The hours that this request asks to write; None for what is no change of saved hours, or not allowed, or not
        filled in rightly: the usual way answers that."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Saved hours are not changed inside the form's own transaction: who follows them needs one of their own."""
        asked = self.asked(request, object_id) if request.method == "POST" else None
        if asked is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        form, change = asked
        first = self.try_to_change(request, change)
        if first is not None:
            return first
        said = self.construct_change_message(request, form, [], add=object_id is None)
        if object_id is None:
            self.log_addition(request, form.instance, said)
            return self.response_add(request, form.instance)
        self.log_change(request, form.instance, said)
        return self.response_change(request, form.instance)

    def try_to_change(self, request: HttpRequest, change: Change) -> HttpResponse | None:
        """`change_hours`, with what it refuses told on the same page."""
        try:
            return self.change_hours(request, change)
        except (Refused, ValidationError) as refusal:
            sentences = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
            for sentence in sentences:
                messages.error(request, sentence)
            return HttpResponseRedirect(request.path)

    def bound_form(self, request: HttpRequest, obj: M | None) -> ModelForm[M] | None:
        """The page's form with what was sent, if the person may send it and it is right."""
        allowed = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        if not allowed:
            return None
        form_class = self.get_form(request, obj, change=obj is not None)
        form = form_class(request.POST, request.FILES, instance=obj)
        return form if form.is_valid() else None
