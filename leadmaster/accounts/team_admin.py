"""Teams: who works together and who supervises them. For administrators only; the desk registers this page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.admin import display
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts import languages
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.person_admin import AdministratorsOnly
from leadmaster.accounts.roles import Role
from leadmaster.lib.admin.modeladmins import ModelAdmin
from leadmaster.lib.admin.widgets import ChecksWidget

if TYPE_CHECKING:
    TeamModelForm = forms.ModelForm[Team]
else:
    TeamModelForm = forms.ModelForm


class TeamForm(TeamModelForm):
    """Offers who may come in, and whoever is in the team already: a new name sends nobody away."""

    class Meta:
        model = Team
        fields = ("name", "language", "supervisors", "members")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and "language" in self.fields:
            self.fields["language"].initial = languages.of_zone(settings.TIME_ZONE)
        for name, offered in (
            ("supervisors", Q(is_active=True) & ~Q(role=Role.PROMOTER)),
            ("members", Q(is_active=True)),
        ):
            people = self.fields[name]
            assert isinstance(people, forms.ModelMultipleChoiceField)  # noqa: S101 - both are many-to-many
            there = getattr(self.instance, name).values("pk") if self.instance.pk else []
            people.queryset = User.objects.filter(offered | Q(pk__in=there)).order_by("username")
            people.label_from_instance = _in_team  # type: ignore[method-assign, assignment]


def _in_team(user: User) -> str:
    return str(user) if user.is_active else _("%(person)s (ya no entra)") % {"person": user}


class TeamAdmin(AdministratorsOnly, ModelAdmin[Team]):
    list_display = ("name", "who_supervises", "how_many")
    search_fields = ("name",)
    fields = ("name", "language", "supervisors", "members")
    form = TeamForm
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("supervisors", "members")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = ChecksWidget
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description=gettext_lazy("supervisores"))
    def who_supervises(self, team: Team) -> str:
        return ", ".join(str(user) for user in team.supervisors.all()) or "—"

    @display(description=gettext_lazy("promotores"))
    def how_many(self, team: Team) -> int:
        return len(team.members.all())
