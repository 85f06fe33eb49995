"""What people write on the desk's pages."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.decisions import Decision
from campaigns.replying import LONGEST
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.amount_field import AmountField
from leadmaster.lib.clock import local_datetime
from leadmaster.lib.ids import MOST_ID
from opportunities.assignment.request_keys import KEY_LENGTH
from opportunities.clocks.mornings import next_morning
from opportunities.enums import ContactChannel, ContactOutcome, StageType
from opportunities.errors import Incomplete
from opportunities.funnel.contact import Press, Result
from opportunities.funnel.labels import label_of
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.models.contact import LONGEST_NOTE
from opportunities.timers.reminders import KEY_LENGTH as REMINDER_KEY
from opportunities.timers.reminders import Wish

_LONGEST = 300
_DATA = "dato-"


def new_key() -> str:
    """The name of one press of a button, however often it arrives."""
    return uuid.uuid4().hex


class MoveForm(forms.Form):
    """One step to `stage`: the version that was looked at, the reason, and what the stage demands.

    `region` is whose writing an amount is read in.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        stage: Stage,
        row: Opportunity,
        *,
        needs_reason: bool,
        region: str,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={"version": row.version}, auto_id=f"paso-{stage.pk}-%s", label_suffix="")
        self.stage = stage
        self.needs_reason = needs_reason
        # Reasons that the team gives often, to be chosen with one touch.
        self.suggested: list[str] = []
        for name in _demanded(stage):
            self.fields[_DATA + name] = _field(name, stage, given=row.data.get(name), region=region)
        self.fields["reason"] = forms.CharField(
            label=_("Motivo") if needs_reason else _("Comentario"),
            required=needs_reason and not (data or {}).get("usual", "").strip(),
            max_length=_LONGEST,
            widget=forms.Textarea(attrs={"rows": 2}),
        )
        self.fields["usual"] = forms.CharField(required=False, max_length=_LONGEST, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """What was chosen and what was written are one reason."""
        given = super().clean() or self.cleaned_data
        chosen, written = given.get("usual", ""), given.get("reason", "")
        given["reason"] = f"{chosen}: {written}"[:_LONGEST] if chosen and written else chosen or written
        return given

    @property
    def is_quick(self) -> bool:
        """Whether one press is enough: a step forward that demands nothing and can be followed by another."""
        return self.stage.type in (StageType.INITIAL, StageType.PROGRESS) and not (
            self.needs_reason or self.stage.required_fields
        )

    @property
    def facts(self) -> dict[str, str]:
        """What was written into the stage's own fields, by their names."""
        names = [name for name in self.fields if name.startswith(_DATA)]
        return {
            name.removeprefix(_DATA): str(self.cleaned_data[name])
            for name in names
            if self.cleaned_data.get(name) not in (None, "")
        }


def _demanded(stage: Stage) -> list[str]:
    """In order, each once; a sale always asks for what a sale is."""
    sale = ["amount", "product", "reference"] if stage.type == StageType.SALE else []
    return list(dict.fromkeys([*sale, *map(str, stage.required_fields)]))


def _field(name: str, stage: Stage, *, given: object, region: str) -> forms.Field:
    if name == "amount" and stage.type == StageType.SALE:
        return AmountField(region=region, label=label_of(name), initial=given, max_length=40)
    return forms.CharField(
        label=label_of(name), required=name in stage.required_fields, max_length=_LONGEST, initial=given
    )


class NoteForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Nota"), max_length=_LONGEST, widget=forms.Textarea(attrs={"rows": 2}))


class ClientForm(forms.Form):
    """What is known of a client. `names`: whether the name is ours to correct."""

    name = forms.CharField(label=gettext_lazy("Nombre y apellido"), max_length=160, required=False)
    phone = forms.CharField(
        label=gettext_lazy("Agregar teléfono"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "type": "tel"}),
    )
    mail = forms.CharField(
        label=gettext_lazy("Agregar correo"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "email"}),
    )
    remove = forms.IntegerField(min_value=1, max_value=MOST_ID, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, names: bool, **options: Any) -> None:
        super().__init__(*args, **{**options, "auto_id": "client-%s", "label_suffix": ""})
        if not names:
            del self.fields["name"]


class ExtendForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class MomentField(forms.CharField):
    """A day and an hour, by the clock that the page shows. One that a jump of that clock skips is the first instant after
    it; one that is shown twice, the first of the two."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), max_length=20, **options)

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        try:
            wall = dt.datetime.strptime(text[:16].replace(" ", "T"), "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - a clock on a wall
            return local_datetime(wall.date(), wall.time(), zoneinfo.ZoneInfo(str(timezone.get_current_timezone())))
        except (ValueError, OverflowError):
            raise forms.ValidationError(_("Escribe el día y la hora, por ejemplo 2026-03-04T17:00.")) from None


class _WhenForm(forms.Form):
    """When to come back: in an hour, on the desk's next morning, or when they say."""

    preset = forms.ChoiceField(
        choices=[("", ""), ("1h", ""), ("9", ""), ("otro", "")], required=False, widget=forms.HiddenInput
    )
    until = MomentField(label=gettext_lazy("Día y hora"), required=False)

    def moment(self, calendar: Calendar | None, *, now: dt.datetime) -> dt.datetime | None:
        """Of a valid form; None where nothing was asked. Raises Incomplete for hours that never come."""
        preset = self.cleaned_data["preset"]
        if preset == "1h":
            return now + dt.timedelta(hours=1)
        if preset == "9":
            if calendar is None:
                raise Incomplete(_("Elige cuándo."))
            return next_morning(calendar, now)
        until: dt.datetime | None = self.cleaned_data["until"]
        return until


class ReminderForm(_WhenForm):
    """`key` is empty where one that is there is put off."""

    note = forms.CharField(
        label=gettext_lazy("Para qué"), max_length=LONGEST_NOTE, required=False, widget=forms.TextInput
    )
    holds = forms.BooleanField(label=gettext_lazy("Lo pidió el cliente: que el plazo espere"), required=False)
    key = forms.CharField(max_length=REMINDER_KEY, required=False, widget=forms.HiddenInput)

    def wish(self, calendar: Calendar | None, *, now: dt.datetime) -> Wish:
        """Of a valid form."""
        moment = self.moment(calendar, now=now)
        if moment is None:
            raise ValueError("a valid form says when")
        return Wish(
            due_at=moment,
            key=self.cleaned_data["key"],
            note=self.cleaned_data["note"],
            holds=self.cleaned_data["holds"],
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("preset") not in ("1h", "9") and not given.get("until") and "until" not in self.errors:
            self.add_error("until", _("Elige cuándo."))
        return given


class PressForm(forms.Form):
    """Which button was pressed, on which number."""

    key = forms.CharField(max_length=REMINDER_KEY, widget=forms.HiddenInput)
    channel = forms.ChoiceField(choices=ContactChannel.choices, widget=forms.HiddenInput)
    phone = forms.CharField(max_length=20, widget=forms.HiddenInput)

    @property
    def press(self) -> Press:
        data = self.cleaned_data
        return Press(channel=ContactChannel(data["channel"]), key=data["key"], phone=data["phone"])


class ResultForm(_WhenForm, PressForm):
    """What came of it, with a note and a date to come back, in one press."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("¿Cómo te fue?"),
        choices=[choice for choice in ContactOutcome.choices if choice[0] != ContactOutcome.PENDING],
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Elige cómo te fue.")),
    )
    note = forms.CharField(
        label=gettext_lazy("Nota"), max_length=LONGEST_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    holds = forms.BooleanField(label=gettext_lazy("Lo pidió el cliente: que el plazo espere"), required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("preset") == "otro" and not given.get("until") and "until" not in self.errors:
            self.add_error("until", _("Elige cuándo."))
        if given.get("preset") == "":
            given["until"] = None
        return given

    @property
    def result(self) -> Result:
        data = self.cleaned_data
        return Result(outcome=ContactOutcome(data["outcome"]), note=data["note"])


class CorrectionForm(forms.Form):
    outcome = ResultForm.base_fields["outcome"]
    note = ResultForm.base_fields["note"]


class RequestForm(forms.Form):
    quantity = forms.IntegerField(label=gettext_lazy("Cuántas"), min_value=1, max_value=10_000)
    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)


class PhoneInput(forms.TextInput):
    """Asks the server about the number when the person stops typing for a moment."""

    input_type = "tel"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        asking = {
            "hx-get": reverse("desk-capture-phone"),
            "hx-trigger": "input changed delay:600ms",
            "hx-target": f"#about-{name}",
            "hx-sync": "this:replace",
            "inputmode": "tel",
        }
        given = attrs or {}
        # Beside what the form says of it, what the server answers.
        described = f"{given.get('aria-describedby', '')} about-{name}".strip()
        return super().get_context(name, value, {**given, **asking, "aria-describedby": described})


class CaptureForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nombre y apellido"), max_length=160)
    phone = forms.CharField(label=gettext_lazy("Teléfono"), max_length=40, widget=PhoneInput)
    other_phone = forms.CharField(label=gettext_lazy("Otro teléfono"), max_length=40, required=False, widget=PhoneInput)
    email = forms.EmailField(label=gettext_lazy("Correo"), max_length=160, required=False)
    note = forms.CharField(
        label=gettext_lazy("Nota"), max_length=_LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)


class SeenForm(forms.Form):
    """The version that was looked at."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ReplyForm(forms.Form):
    """What is answered from the line, the press that it is, and the last that was before the author's eyes."""

    text = forms.CharField(
        label=gettext_lazy("Tu respuesta"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 1, "enterkeyhint": "send"}),
        error_messages={"required": gettext_lazy("Escribe algo: no se mandó nada.")},
    )
    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=40, widget=forms.HiddenInput)


class DecideReplyForm(forms.Form):
    """What became of an answer of which nobody knows."""

    reply = forms.IntegerField(min_value=1, max_value=MOST_ID, widget=forms.HiddenInput)
    decision = forms.ChoiceField(choices=[(one.value, one.value) for one in Decision])


class SnoozeForm(SeenForm):
    """In an hour, tomorrow at nine, or when they say: by the clock that the page shows."""

    preset = forms.ChoiceField(choices=[("1h", "1h"), ("9", "9")], required=False, widget=forms.HiddenInput)
    until = MomentField(label=gettext_lazy("Otro día y hora"), required=False)

    def __init__(self, *args: Any, now: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self._now = now

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        preset = given.get("preset")
        if preset == "1h":
            given["until"] = self._now + dt.timedelta(hours=1)
        elif preset == "9":
            tomorrow = timezone.localtime(self._now) + dt.timedelta(days=1)
            given["until"] = timezone.make_aware(dt.datetime.combine(tomorrow.date(), dt.time(9)))
        elif not given.get("until") and "until" not in self.errors:
            self.add_error("until", _("Elige cuándo."))
        return given


class _ToPromoterForm(forms.Form):
    """`promoters` are those whom this person may give it to. Two of these stand on one page: each has ids of its own."""

    ids = "id_%s"

    def __init__(self, *args: Any, promoters: Sequence[Promoter], **options: Any) -> None:
        super().__init__(*args, **{**options, "auto_id": self.ids})
        self._promoters = {str(one.pk): one for one in promoters}
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - both subclasses have it
        empty = [] if field.required else [("", _("Nadie en particular"))]
        field.choices = [*empty, *((pk, str(one)) for pk, one in self._promoters.items())]

    def clean_to(self) -> Promoter | None:
        return self._promoters.get(self.cleaned_data["to"])


class AssignConversationForm(_ToPromoterForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.ChoiceField(label=gettext_lazy("Quién la atiende"), required=False)


class CloseConversationForm(forms.Form):
    """Why nothing more comes of it. `as_` says whether they are written to again."""

    NOT_INTERESTED, EXCLUDED = "no", "excluir"

    version = forms.IntegerField(widget=forms.HiddenInput)
    as_ = forms.ChoiceField(
        label=gettext_lazy("Qué pasa con la persona"),
        choices=(
            (NOT_INTERESTED, gettext_lazy("No le interesa esto")),
            (EXCLUDED, gettext_lazy("No quiere que le escribamos más")),
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Cómo lo sabes"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Para no escribirle más hace falta; queda en el historial."),
    )


class TakeClientForm(_ToPromoterForm):
    ids = "take_%s"

    name = forms.CharField(label=gettext_lazy("Nombre y apellido"), max_length=160)
    to = forms.ChoiceField(label=gettext_lazy("Para quién"))
    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)
