"""What somebody changed of a row, from what to what, in Django's own log of changes. No secret and no long text is in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.forms import BaseForm, PasswordInput

from leadmaster.lib.fields import EncryptedTextField

# What they were stays with the row's own history, or nobody's business.
_UNTOLD: Final = frozenset({"password", "secret", "token", "api_token", "callback_secret"})
_LONGEST: Final = 120
HIDDEN: Final = "•••"

Values = dict[str, str]


def values_of(row: Model, names: Iterable[str]) -> Values:
    """The named columns in words; of a secret only that it is one."""
    known = {field.name: field for field in row._meta.concrete_fields}
    return {name: _told(known[name], name, getattr(row, name)) for name in names if name in known}


def of_form(form: BaseForm) -> dict[str, list[str]]:
    """What this form changed: by field, before and after."""
    found = {}
    for name in form.changed_data:
        hidden = name in _UNTOLD or isinstance(form.fields[name].widget, PasswordInput) or _is_secret(form, name)
        pair = (form.get_initial_for_field(form.fields[name], name), form.cleaned_data.get(name))
        found[name] = [HIDDEN, HIDDEN] if hidden else [_words(_named(form, name, value)) for value in pair]
    return found


def between(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [before.get(name, ""), told] for name, told in after.items() if before.get(name, "") != told}


def remember(row: Model, *, by: Any, changed: Mapping[str, list[str]], new: bool = False) -> None:
    """One line, as the pages write theirs. Nothing for nobody, and nothing where nothing changed."""
    if not isinstance(by, AbstractBaseUser) or not (changed or new):
        return
    message = [{"added": {}}] if new else [{"changed": {"fields": sorted(changed), "values": dict(changed)}}]
    LogEntry.objects.create(
        user_id=by.pk,
        content_type_id=ContentType.objects.get_for_model(row, for_concrete_model=False).pk,
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=ADDITION if new else CHANGE,
        change_message=json.dumps(message, ensure_ascii=False),
    )


# --- Private ---------------------------------------------------------------------------------------------------------


def _told(field: Any, name: str, value: Any) -> str:
    if name in _UNTOLD or isinstance(field, EncryptedTextField):
        return HIDDEN
    return _words(value)


def _is_secret(form: BaseForm, name: str) -> bool:
    model = getattr(getattr(form, "_meta", None), "model", None)
    columns = {field.name: field for field in model._meta.concrete_fields} if model else {}
    return isinstance(columns.get(name), EncryptedTextField)


def _named(form: BaseForm, name: str, value: Any) -> Any:
    """A related row, or several, by their names: the form begins with their ids."""
    choices = getattr(form.fields[name], "queryset", None)
    if choices is None:
        return value
    several = isinstance(value, QuerySet | list | tuple | set)
    known = [one for one in (value if several else [value]) if one not in (None, "")]
    ids = [one for one in known if not isinstance(one, Model)]
    key = getattr(form.fields[name], "to_field_name", None) or "pk"
    found = {getattr(row, key): row for row in choices.model._base_manager.filter(**{f"{key}__in": ids})} if ids else {}
    told = [str(found.get(one, one)) for one in known]
    return told if several else "".join(told)


def _words(value: Any) -> str:
    if value is None or value == "":
        return ""
    text = ", ".join(sorted(map(str, value))) if isinstance(value, list | tuple | set) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
