"""A person's saved filters: a few, each under a name of its own, nobody else's."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from opportunities.enums import OpportunityState
from opportunities.errors import Incomplete, WrongState
from opportunities.models import SavedFilter, Stage
from opportunities.models.saved_filter import LONGEST_NAME, LONGEST_SEARCH

MOST: Final = 12


def of(user: User) -> QuerySet[SavedFilter]:
    """In the order in which they were saved, with their stages."""
    return SavedFilter.objects.filter(user=user).select_related("stage")


def save(
    user: User, name: str, *, state: OpportunityState, stage: Stage | None, search: str, now: dt.datetime
) -> SavedFilter:
    """Raises Incomplete (no name, or nothing to filter by) or WrongState (that name, or too many)."""
    search = " ".join(search.split())[:LONGEST_SEARCH]
    if state == OpportunityState.ACTIVE and stage is None and not search:
        raise Incomplete(_("Elige una etapa o busca algo: así como está, la lista muestra todas."))

    def once() -> SavedFilter:
        with transaction.atomic(durable=True):
            free = _free_name(user, name)
            if of(user).count() >= MOST:
                raise WrongState(_("Puedes guardar hasta %(most)d filtros: borra alguno.") % {"most": MOST})
            return SavedFilter.objects.create(
                user=user,
                name=free,
                listed_state=state,
                stage=stage,
                stage_name=stage.name if stage is not None else "",
                search=search,
                created_at=now,
            )

    return retrying(once)


def rename(user: User, filter_id: int, name: str) -> None:
    """Raises Incomplete or WrongState (that name, or it is not there)."""

    def once() -> None:
        with transaction.atomic(durable=True):
            free = _free_name(user, name, besides=filter_id)
            if not of(user).filter(pk=filter_id).exists():
                raise WrongState(_("Ese filtro ya no está."))
            of(user).filter(pk=filter_id).update(name=free)

    retrying(once)


def delete(user: User, filter_id: int) -> None:
    """One that is gone already is gone."""
    SavedFilter.objects.filter(user=user, pk=filter_id).delete()


def _free_name(user: User, name: str, *, besides: int | None = None) -> str:
    """The name in one line, which no other filter of this person has. One writer per person at a time."""
    User.objects.select_for_update().get(pk=user.pk)
    plain = " ".join(name.split())
    if not plain:
        raise Incomplete(_("Ponle un nombre al filtro."))
    if len(plain) > LONGEST_NAME:
        raise Incomplete(_("El nombre es muy largo: hasta %(most)d caracteres.") % {"most": LONGEST_NAME})
    others = of(user).filter(name__iexact=plain)
    if (others if besides is None else others.exclude(pk=besides)).exists():
        raise WrongState(_("Ya tienes un filtro que se llama “%(name)s”.") % {"name": plain})
    return plain
