"""Rules are written, turned on and tried out: the one operation behind pages and API."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.automatic import machines
from campaigns.automatic.answering import KINDS
from campaigns.automatic.base import Moment
from campaigns.automatic.keyword import words_of
from campaigns.conversations import words_of as told_by
from campaigns.enums import AutomaticKind
from campaigns.errors import Incomplete, NotAllowed, Refused
from campaigns.models import AutomaticRule, Conversation, Reply
from campaigns.models.automatic import LONGEST_KEYWORDS, LONGEST_TEXT
from campaigns.opt_outs import OptOut, meaning
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import teams_of
from whatsapp.models import WhatsAppSession

# So many of the last messages are tried, and so many of those that it would answer are shown.
TRIED = 100
_SHOWN = 10
_LINES = 20
_PERMISSION = "campaigns.change_automaticrule"


def may(user: User, team_id: int) -> bool:
    """Whether this person sets the rules of this team."""
    return user.has_perm(_PERMISSION) and teams_of(user).filter(pk=team_id).exists()


def save(rule: AutomaticRule, *, by: User, now: dt.datetime) -> AutomaticRule:
    """Write a new rule, or a changed one. Raises NotAllowed, Incomplete or Refused, and then nothing is written."""
    with transaction.atomic():
        _one_at_a_time({rule.team_id})
        check(rule, by=by)
        rule.changed_by, rule.changed_at = by, now
        rule.save()
    return rule


def change(rule: AutomaticRule, given: Mapping[str, Any], *, by: User, now: dt.datetime) -> AutomaticRule:
    """Write these columns of a rule, and who changed them and when: whatever else changed since it was read stays changed.
    Raises as `save` does.
    """
    with transaction.atomic():
        _one_at_a_time({rule.team_id, given["team"].pk if "team" in given else rule.team_id})
        rule.refresh_from_db()
        for name, value in given.items():
            setattr(rule, name, value)
        check(rule, by=by)
        if not given:
            return rule
        rule.changed_by, rule.changed_at = by, now
        rule.save(update_fields=sorted({*given, "changed_by", "changed_at"}))
    return rule


def _one_at_a_time(teams: Iterable[int]) -> None:
    """Two that turn on the same kind at once: the second one finds the first."""
    list(Team.objects.select_for_update().filter(pk__in=teams).order_by("pk").values_list("pk", flat=True))


def check(rule: AutomaticRule, *, by: User) -> None:
    """Raise what keeps this person from writing this rule."""
    before = AutomaticRule.objects.filter(pk=rule.pk).values_list("team_id", flat=True).first()
    if not all(may(by, team_id) for team_id in {rule.team_id, before or rule.team_id}):
        raise NotAllowed(_("Las respuestas automáticas de un equipo las decide quien lo supervisa."))
    rule.text, rule.keywords = rule.text.strip(), rule.keywords.strip()
    _require_whole(rule)
    _require_alone(rule)


def _require_whole(rule: AutomaticRule) -> None:
    if rule.session is not None and rule.session.team_id != rule.team_id:
        raise Refused(_("La línea “%(line)s” no es de ese equipo: elige una suya, o ninguna.") % {"line": rule.session})
    if not rule.text:
        raise Incomplete(_("Escribe lo que contesta."))
    if len(rule.text) > LONGEST_TEXT or len(rule.keywords) > LONGEST_KEYWORDS:
        raise Incomplete(_("Es demasiado largo: hasta %(most)d caracteres.") % {"most": LONGEST_TEXT})
    if "{" in rule.text or "[" in rule.text:
        raise Incomplete(
            _("Una respuesta automática sale tal cual: no lleva columnas entre llaves ni variaciones entre corchetes.")
        )
    if rule.kind == AutomaticKind.KEYWORD and not words_of(rule.keywords):
        raise Incomplete(_("Escribe las palabras a las que contesta, una por línea."))
    if rule.kind != AutomaticKind.KEYWORD and rule.keywords:
        raise Incomplete(_("Solo las reglas de palabra clave llevan palabras: déjalas vacías."))


def _require_alone(rule: AutomaticRule) -> None:
    """Of two that answer the same, nobody could tell which one does."""
    if rule.kind == AutomaticKind.KEYWORD or not rule.enabled:
        return
    same = AutomaticRule.objects.filter(team=rule.team_id, session=rule.session_id, kind=rule.kind, enabled=True)
    if same.exclude(pk=rule.pk).exists():
        raise Refused(_("Ya hay una regla encendida para eso en la misma línea o equipo: apágala primero."))


# --- Before it is turned on --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example:
    """A message that the rule would have answered."""

    at: dt.datetime
    line: str
    words: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preview:
    """What the rule would have done about the last messages of its lines: `tried`, of which it answers `answered`."""

    tried: int
    answered: int
    examples: tuple[Example, ...]


def preview(rule: AutomaticRule) -> Preview:
    """The last words of the last conversations of its lines, each as if it were alone on its day: the bound of one answer
    a day, and people at work, are left out. Nothing is sent. At most three queries for each that is tried.
    """
    lines = WhatsAppSession.objects.filter(team=rule.team_id)
    if rule.session_id is not None:
        lines = lines.filter(pk=rule.session_id)
    found = [reply for line in lines.order_by("pk")[:_LINES] for reply in _last_of(line)]
    replies = sorted(found, key=lambda reply: reply.at, reverse=True)[:TRIED]
    answered = [reply for reply in replies if _would_answer(rule, reply)]
    examples = tuple(Example(at=one.at, line=str(one.session), words=told_by(one)[:200]) for one in answered[:_SHOWN])
    return Preview(tried=len(replies), answered=len(answered), examples=examples)


def _last_of(line: WhatsAppSession) -> list[Reply]:
    """Through the index of a line's newest conversations."""
    rows = Conversation.objects.filter(session=line, last_reply__isnull=False).select_related("last_reply__session")
    return [row.last_reply for row in rows.order_by("-last_at")[:TRIED] if row.last_reply is not None]


def _would_answer(rule: AutomaticRule, reply: Reply) -> bool:
    asked = meaning(reply.text)
    if rule.kind == AutomaticKind.OPT_OUT:
        return asked is OptOut.ASKED
    if asked is not OptOut.NO or machines.sounds_like_one(reply.text):
        return False
    row = Conversation(session_id=reply.session_id, phone=reply.phone or None, lid=reply.lid or None)
    moment = Moment(conversation=row, reply=reply, now=reply.at)
    return any(kind.kind == rule.kind and kind.applies(rule, moment) for kind in KINDS)
