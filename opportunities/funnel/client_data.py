"""A client's name, phones and mails, put right by whoever works them: each change a line of history, with who did it."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.directory import client_editing
from leadmaster.directory.models import Client, ContactPoint
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from leadmaster.lib.phones.parsing import pretty
from opportunities.enums import CLOSED
from opportunities.errors import Incomplete, WrongState
from opportunities.policy import require_worker
from opportunities.state import locking, machine


@dataclasses.dataclass(frozen=True, kw_only=True)
class Correction:
    """What to write; what is empty stays. `region` is whose writing the phone is read in, `remove` one of the contacts."""

    region: str
    name: str = ""
    phone: str = ""
    mail: str = ""
    remove: int | None = None


def correct(opportunity_id: int, correction: Correction, *, by: User, now: dt.datetime) -> list[str]:
    """All of it or nothing. Returns what was done, as history tells it; empty where it was so already.

    Raises NotAllowed, WrongState for what is closed, or Incomplete with the sentence of what can't be written.
    """

    def once() -> list[str]:
        with transaction.atomic(durable=True):
            return _correct(opportunity_id, correction, by=by, now=now)

    return retrying(once)


def _correct(opportunity_id: int, correction: Correction, *, by: User, now: dt.datetime) -> list[str]:
    row = locking.lock_one(opportunity_id)
    require_worker(by, row)
    if row.state in CLOSED:
        raise WrongState(_("La oportunidad está cerrada: sus datos ya no se corrigen aquí."))
    try:
        done = _write(row.client, correction, by=by, now=now)
    except client_editing.NotEditable as refusal:
        raise Incomplete(str(refusal)) from refusal
    for text in done:
        machine.remark(row, by=by, text=text, now=now, data={"client": row.client_id})
    return done


def _write(client: Client, correction: Correction, *, by: User, now: dt.datetime) -> list[str]:
    done = []
    before = client.full_name
    if correction.name.strip() and client_editing.rename(client, correction.name, now=now):
        change = {"before": before, "after": client.full_name}
        done.append(kept(gettext_lazy("Nombre corregido: antes “%(before)s”, ahora “%(after)s”.")) % change)
    if correction.phone.strip():
        point = client_editing.add_phone(client, correction.phone, region=correction.region, by=by)
        done += [_told(gettext_lazy("Teléfono agregado: %(what)s."), point)] if point else []
    if correction.mail.strip():
        point = client_editing.add_mail(client, correction.mail, by=by)
        done += [_told(gettext_lazy("Correo agregado: %(what)s."), point)] if point else []
    if correction.remove is not None:
        point = client_editing.remove(client, correction.remove)
        done += [_told(gettext_lazy("Dato quitado: %(what)s."), point)] if point else []
    return done


def _told(sentence: Promise, point: ContactPoint) -> str:
    what = pretty(point.normalised) if point.kind == ContactPoint.Kind.PHONE else point.normalised
    return kept(sentence) % {"what": what}
