"""What the admin pages of every app share: rows by visibility, logs that nobody edits, lists that count nothing."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import ForeignKey, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from leadmaster.lib import changes, screens

M = TypeVar("M", bound=Model)

# On a phone, lists leave out the lines that say nothing.
NOTHING = mark_safe('<span class="lm-none">—</span>')

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, StackedInline, TabularInline
    from django.core.paginator import Paginator as UncountedPaginator
    from unfold.views import ChangeList
else:
    from django.contrib.admin.options import IncorrectLookupParameters
    from unfold import admin as unfold_admin
    from unfold.paginator import InfinitePaginator as UncountedPaginator
    from unfold.views import ChangeList

    class _Subscriptable:
        """django-stubs writes ModelAdmin[Campaign]; at run time the brackets mean nothing."""

        def __class_getitem__(cls, _item: Any) -> type:
            return cls

    class ModelAdmin(_Subscriptable, unfold_admin.ModelAdmin):
        def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
            """An address that asks for a number which no column holds is answered as any other that makes no sense."""
            try:
                found = super().get_changelist_instance(request)
                # Lists that count nothing would read their rows later, when nobody answers for it any more.
                bool(found.result_list)
            except OverflowError:
                raise IncorrectLookupParameters from None
            # What is listed, and not "select one to change": several lists stand over one table.
            found.title = capfirst(str(self.opts.verbose_name_plural))
            return found

        def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
            request.__dict__["said_when_saved"] = _("Se creó “%(name)s”.") % {"name": obj}
            return super().response_add(request, obj, post_url_continue)

        def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
            request.__dict__["said_when_saved"] = _("Se guardó “%(name)s”.") % {"name": obj}
            return super().response_change(request, obj)

        def message_user(self, request: HttpRequest, message: str, *args: Any, **kwargs: Any) -> None:
            """Django's own sentence about a saved row gives every noun the same gender."""
            super().message_user(request, request.__dict__.pop("said_when_saved", message), *args, **kwargs)

    class StackedInline(_Subscriptable, unfold_admin.StackedInline):
        pass

    class TabularInline(_Subscriptable, unfold_admin.TabularInline):
        pass


__all__ = [
    "NOTHING",
    "ChangeList",
    "ModelAdmin",
    "ReadOnlyAdmin",
    "ScopedAdmin",
    "StackedInline",
    "TabularInline",
    "UncountedPaginator",
    "moment",
]


class _Hidden(ModelAdmin[M]):
    """What a person may not see does not exist for them, instead of a detour over the home page."""

    # Counting each choice of each filter reads a long table once per choice.
    show_facets = ShowFacets.NEVER

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        raise Http404

    def get_fieldsets(self, request: HttpRequest, obj: M | None = None) -> Any:
        fixed: Any = None  # all of them
        if obj is None or self.has_change_permission(request, obj):
            fixed = super().get_readonly_fields(request, obj)
        return self.in_words(request, super().get_fieldsets(request, obj), fixed=fixed)

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return _swapped(super().get_readonly_fields(request, obj), self._words(request))

    def in_words(self, request: HttpRequest, fieldsets: Any, *, fixed: Iterable[Any] | None) -> Any:
        """The fieldsets with related rows that this person may not open as words: a link would lead to a refusal.

        `fixed` are the names of the fields that can't be changed here; None means all.
        """
        words = self._words(request)
        if fixed is not None:
            words = {name: words[name] for name in fixed if name in words}
        return [(title, {**options, "fields": _swapped(options["fields"], words)}) for title, options in fieldsets]

    def _words(self, request: HttpRequest) -> dict[Any, Callable[[Model], str]]:
        """By the name of each relation that would be drawn as a link to a page which is closed for this person."""
        relations = [field for field in self.model._meta.concrete_fields if field.many_to_one]
        return {field.name: _word(field) for field in relations if not self._opens(request, field.related_model)}

    def _opens(self, request: HttpRequest, model: Any) -> bool:
        there = self.admin_site._registry.get(model)
        return there is not None and there.has_view_permission(request)


@functools.cache
def _word(field: ForeignKey[Any, Any]) -> Callable[[Model], str]:
    """A read-only column with the related row's name. One function for one field: the admin compares them."""

    def column(row: Model) -> str:
        related = getattr(row, field.name)
        return NOTHING if related is None else str(related)

    column.short_description = field.verbose_name  # type: ignore[attr-defined]  # how the admin names a column
    return column


def _swapped(names: Iterable[Any], words: Mapping[Any, Any]) -> tuple[Any, ...]:
    """The same fields, also those that share a line, with `words` in place of some names."""
    return tuple(_swapped(name, words) if isinstance(name, list | tuple) else words.get(name, name) for name in names)


class ScopedAdmin(_Hidden[M]):
    """Only the rows that `visible_to(request.user)` gives. Nothing is deleted here: rows end, they don't vanish."""

    compressed_fields = False
    list_fullwidth = True

    empty_value_display = NOTHING

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - Django's
        """What Django's log keeps, with what each field said before and says now."""
        told: list[Any] = super().construct_change_message(request, form, formsets, add)
        # What a client is called and how to reach them is nobody's to keep in a log.
        if not add and form.changed_data and self.opts.app_label != "directory":
            values = changes.of_form(form)
            for part in told:
                if "changed" in part and "name" not in part["changed"]:
                    part["changed"]["values"] = values
        return told

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        # One way to save is enough.
        context.update(show_save_and_add_another=False, show_save_and_continue=False)
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choices without the pop-ups that add and change them in the middle of something else."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return self.visible(super().get_queryset(request), request)

    def visible(self, rows: QuerySet[M], request: HttpRequest) -> QuerySet[M]:
        scoped: QuerySet[M] = rows.visible_to(request.user)  # type: ignore[attr-defined]  # every scoped queryset has it
        return scoped

    def find(self, request: HttpRequest, object_id: str) -> M:
        """The row, if this person may see it; else 404, so that nobody learns what exists."""
        if not self.has_view_permission(request):
            raise Http404
        try:
            return get_object_or_404(self.get_queryset(request), pk=unquote(object_id))
        except ValueError:
            raise Http404 from None

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class ReadOnlyAdmin(_Hidden[M]):
    """A log: nobody adds, changes or deletes, superusers included."""

    compressed_fields = False
    list_fullwidth = True
    empty_value_display = NOTHING

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


def moment(field: str, description: Any) -> Callable[[Any, Model], SafeString]:
    """A list column or read-only field with a time as people say it, sortable by the field behind it."""

    def column(self: Any, obj: Model) -> SafeString:
        value: dt.datetime | None = getattr(obj, field)
        return screens.when(value, timezone.now())

    column.short_description = description  # type: ignore[attr-defined]  # how the admin names a column
    column.admin_order_field = field  # type: ignore[attr-defined]
    return column
