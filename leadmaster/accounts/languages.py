"""Which language a person reads: their own choice, else their team's, else what their browser asks for."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import translation

from leadmaster.accounts.models import Team, User
from leadmaster.lib.zones import country_of

# What a team of this country reads unless somebody says otherwise.
OF_COUNTRY: Final = {"AR": "es-ar", "MX": "es", "BR": "pt-br"}


def of_zone(zone: str) -> str:
    """The language of the country where this zone's clocks hang; empty where we speak none of its languages."""
    return OF_COUNTRY.get(country_of(zone), "")


def language_of(user: User) -> str:
    """Empty when neither the person nor a team of theirs says. A language that the product lost is none."""
    known = {code for code, _name in settings.LANGUAGES}
    return next((code for code in (user.language, user.team_language) if code in known), "")


def speaking_to(user: User) -> AbstractContextManager[None]:
    """For what reaches a person without a page of theirs: mails, notifications, what a task tells them."""
    return translation.override(language_of(user) or settings.LANGUAGE_CODE)


def with_team_language(people: QuerySet[User]) -> QuerySet[User]:
    """The same people with their team's language read along, so that no page asks for it by itself."""
    return people.annotate(language_read_along=Coalesce(_first("members"), _first("supervisors"), Value("")))


def _first(role: str) -> Subquery:
    said = Team.objects.filter(**{role: OuterRef("pk")}).exclude(language="").order_by("pk")
    return Subquery(said.values("language")[:1])
