"""What people write on the desk's pages."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.decisions import Decision
from campaigns.replying import LONGEST
from leadmaster.lib.amount_field import AmountField
from leadmaster.lib.ids import MOST_ID
from opportunities.assignment.request_keys import KEY_LENGTH
from opportunities.enums import StageType
from opportunities.funnel.labels import label_of
from opportunities.models import Opportunity, Promoter, Stage

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
        for name in _demanded(stage):
            self.fields[_DATA + name] = _field(name, stage, given=row.data.get(name), region=region)
        self.fields["reason"] = forms.CharField(
            label=_("Motivo") if needs_reason else _("Comentario"),
            required=needs_reason,
            max_length=_LONGEST,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

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


class ExtendForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


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
    until = forms.DateTimeField(
        label=gettext_lazy("Otro día y hora"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
    )

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
    """`promoters` are those whom this person may give it to."""

    def __init__(self, *args: Any, promoters: Sequence[Promoter], **options: Any) -> None:
        super().__init__(*args, **options)
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


class TakeClientForm(_ToPromoterForm):
    name = forms.CharField(label=gettext_lazy("Nombre y apellido"), max_length=160)
    to = forms.ChoiceField(label=gettext_lazy("Para quién"))
    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)
