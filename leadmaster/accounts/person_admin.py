"""People: for administrators only.

Whoever knows what people have in hand registers this page: in here nobody knows of their work.
"""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts import api_tokens
from leadmaster.accounts.administrators import require_another, shut_out
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import EXTRAS, Role
from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import ModelAdmin, moment
from leadmaster.lib.admin.widgets import BooleanWidget, ChecksWidget
from leadmaster.lib.screens import Tone

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminPasswordChangeForm as PasswordForm

    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    BaseUserAdmin = DjangoUserAdmin[User]
else:
    from unfold.forms import AdminPasswordChangeForm as PasswordForm
    from unfold.forms import UserChangeForm as ChangeForm
    from unfold.forms import UserCreationForm as CreationForm

    class BaseUserAdmin(DjangoUserAdmin, ModelAdmin):
        pass


_TONE: dict[str, Tone] = {Role.PROMOTER: "neutral", Role.SUPERVISOR: "info", Role.ADMINISTRATOR: "good"}


class AdministratorsOnly:
    """Who works here and what they may do is decided by administrators; supervisors meet people inside their work."""

    def _is_administrator(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_administrator

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_administrator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_administrator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._is_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_administrator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # People end by leaving (`is_active`): their name stays on what they did.
        return False


def _check_time_zone(value: str) -> str:
    if value and value not in zoneinfo.available_timezones():
        raise forms.ValidationError(_("Escribe una zona horaria como America/Mexico_City."))
    return value


def _extras_of(user: User) -> list[str]:
    """The names in `EXTRAS` that this person was granted."""
    held = user.user_permissions.values_list("content_type__app_label", "codename")
    return [name for name in (f"{app}.{codename}" for app, codename in held) if name in EXTRAS]


def _grant(user: User, names: list[str]) -> None:
    """Exactly these of `EXTRAS`, whatever was granted before."""
    granted = Q(pk__in=[])
    for name in names:
        app, _dot, codename = name.partition(".")
        granted |= Q(content_type__app_label=app, codename=codename)
    user.user_permissions.set(Permission.objects.filter(granted))


class PersonForm(ChangeForm):
    extras = forms.MultipleChoiceField(
        label=gettext_lazy("Además"),
        choices=list(EXTRAS.items()),
        widget=ChecksWidget,
        required=False,
        help_text=gettext_lazy("Solo para supervisores. Los administradores pueden todo."),
    )
    end_tokens = forms.BooleanField(
        label=gettext_lazy("Terminar todos los accesos de programas"), required=False, widget=BooleanWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["extras"].initial = _extras_of(self.instance)
        if "password" in self.fields:
            self.fields["password"].help_text = format_html(
                '{} <a class="lm-link" href="../password/">{}</a>',
                _("Nadie puede verla: se guarda cifrada."),
                _("Poner una contraseña nueva"),
            )

    def clean_time_zone(self) -> str:
        return _check_time_zone(self.cleaned_data["time_zone"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "role" in cleaned:
            with transaction.atomic():
                require_another(self.instance, role=cleaned["role"], is_active=cleaned.get("is_active", False))
        if cleaned.get("role") != Role.SUPERVISOR:
            # What was granted to a supervisor ends with the role, and would wake up with it again.
            cleaned["extras"] = []
        return cleaned


class PersonAdmin(AdministratorsOnly, BaseUserAdmin):
    form = PersonForm
    add_form = CreationForm
    change_password_form = PasswordForm
    list_display = ("username", "full_name", "function", "active", "seen")
    list_filter = ("role", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    list_fullwidth = True
    filter_horizontal = ()
    seen = moment("last_login", gettext_lazy("última entrada"))
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Datos"), {"fields": (("first_name", "last_name"), "email", ("language", "time_zone"))}),
        (gettext_lazy("Qué puede hacer"), {"fields": (("role", "is_active"), "extras")}),
        (gettext_lazy("Accesos de programas (API)"), {"fields": ("programs", "end_tokens")}),
    )
    readonly_fields = ("programs",)
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username",
                    ("first_name", "last_name"),
                    "email",
                    "role",
                    "usable_password",
                    "password1",
                    "password2",
                ),
            },
        ),
    )

    @display(description=gettext_lazy("nombre"))
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "—"

    @display(description=gettext_lazy("rol"), ordering="role")
    def function(self, user: User) -> SafeString:
        return screens.badge(user.get_role_display(), _TONE[user.role])

    @display(description=gettext_lazy("puede entrar"), ordering="is_active")
    def active(self, user: User) -> SafeString:
        return screens.badge(_("Sí"), "good") if user.is_active else screens.badge(_("No"), "bad")

    @display(description=gettext_lazy("vigentes"))
    def programs(self, user: User) -> SafeString | str:
        now = timezone.now()
        return format_html_join(
            "",
            "<p>{}</p>",
            (
                (
                    _("%(hint)s… · creado %(created)s · vence %(expires)s")
                    % {
                        "hint": token.hint,
                        "created": date_format(timezone.localtime(token.created_at), "d/m/Y"),
                        "expires": date_format(timezone.localtime(token.expires_at), "d/m/Y"),
                    },
                )
                for token in api_tokens.valid(now).filter(user=user)
            ),
        ) or _("Ninguno.")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if change:
            # Again, and with those who are left locked: two may be taking each other's role at this moment.
            require_another(obj, role=obj.role, is_active=obj.is_active)
        elif obj.has_usable_password():
            obj.must_change_password = True
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            shut_out(obj)
        elif change and form.cleaned_data.get("end_tokens"):
            api_tokens.end(obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as refused:
            # True when the form was read, and no longer when it was written.
            messages.error(request, " ".join(refused.messages))
            return HttpResponseRedirect(request.path)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's
        """A password that somebody else chose is for the first log-in only."""
        rows = User.objects.filter(pk=unquote(id))
        before = rows.values_list("password", flat=True).first()
        response = super().user_change_password(request, id, form_url)
        if rows.values_list("password", flat=True).first() != before:
            rows.exclude(pk=current_user(request).pk).update(must_change_password=True)
        return response

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        super().save_related(request, form, formsets, change)
        if "extras" in form.cleaned_data:
            _grant(form.instance, form.cleaned_data["extras"])
