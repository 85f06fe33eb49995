"""What people do about a conversation. One operation for pages and API: whoever may read it may attend to it."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import conversation_states, decisions, replying, tasks
from campaigns.decisions import Decision
from campaigns.enums import ConversationEventKind
from campaigns.models import Conversation, Envio
from campaigns.replying import Seen
from campaigns.suppressions import suppress
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.lib.language import kept
from leadmaster.lib.phones.spellings import spellings
from opportunities.assignment.capture import NewClient, capture
from opportunities.errors import Incomplete, NotAllowed, Refused
from opportunities.models import Opportunity, Promoter
from opportunities.policy import WORK, may_supervise
from opportunities.scope import conversations_of
from opportunities.timers import reminders

# Whoever presses a button in the conversation has looked at the line's phone: the page asks them to.
_REASONS = {
    Decision.ARRIVED: gettext_lazy("Lo vio en el teléfono de la línea."),
    Decision.RESEND: gettext_lazy("No está en el teléfono de la línea."),
    Decision.GIVE_UP: gettext_lazy("No llegó, y ya no hace falta."),
}


def read(conversation_id: int, *, by: User, version: int) -> Conversation:
    """Their words were opened. Raises NotAllowed."""
    _mine(conversation_id, by)
    return conversation_states.read(conversation_id, version=version)


def reply(conversation_id: int, *, text: str, by: User, key: str, seen: Seen, now: dt.datetime) -> Envio:
    """Answer from the conversation's own line; it leaves within seconds, or says why it doesn't. The same key, once.

    Raises NotAllowed, Unseen while there is something that they have not seen, and what `replying.write` raises.
    """
    _mine(conversation_id, by)
    written = replying.write(conversation_id, text=text, by=by, key=key, seen=seen, now=now)
    tasks.wake()
    return written


def decide(conversation_id: int, envio_id: int, decision: Decision, *, by: User, now: dt.datetime) -> Envio:
    """Say what became of a reply of which nobody knows whether it arrived. Raises NotAllowed or WrongState."""
    row = _mine(conversation_id, by)
    doubtful = Envio.objects.replies().filter(pk=envio_id, session=row.session_id, phone=row.phone or "")
    envio = doubtful.select_related("session", "author").first()
    if envio is None:
        raise NotAllowed(_("No es una respuesta de esta conversación."))
    decided = decisions.decide(envio, decision, by=by, reason=kept(_REASONS[decision]), now=now)
    if decision is Decision.RESEND:
        tasks.wake()
    return decided


def handle(conversation_id: int, *, by: User, version: int, now: dt.datetime) -> Conversation:
    """Nothing is left to do. Raises NotAllowed, Stale or WrongState."""
    _mine(conversation_id, by)
    return conversation_states.handle(conversation_id, by=by, version=version, now=now)


def snooze(conversation_id: int, *, by: User, until: dt.datetime, version: int, now: dt.datetime) -> Conversation:
    """Out of the way until then, or until they write. Raises NotAllowed, Stale, WrongState or Incomplete."""
    _mine(conversation_id, by)
    return conversation_states.snooze(conversation_id, until=until, version=version, now=now)


def not_interested(conversation_id: int, *, by: User, reason: str, version: int, now: dt.datetime) -> Conversation:
    """They want nothing of this, and may be written to about something else. Raises NotAllowed or Stale."""
    _mine(conversation_id, by)
    kind = ConversationEventKind.NOT_INTERESTED
    return conversation_states.close(conversation_id, kind=kind, by=by, reason=reason, version=version, now=now)


def exclude(conversation_id: int, *, by: User, reason: str, version: int, now: dt.datetime) -> Conversation:
    """They are written to no more, from any line: whoever heard them say so says how they know.

    Raises NotAllowed, Incomplete without a reason or while nobody knows their number, or Stale.
    """
    row = _mine(conversation_id, by)
    if not reason.strip():
        raise Incomplete(_("Escribe cómo lo sabes: queda en el historial."))
    if row.phone is None:
        raise Incomplete(_("WhatsApp todavía no dice su número, así que no se puede excluir."))
    kind = ConversationEventKind.EXCLUDED
    closed = conversation_states.close(conversation_id, kind=kind, by=by, reason=reason, version=version, now=now)
    for phone in sorted(spellings(row.phone)):
        suppress(phone, source=Suppression.Source.PERSON, reason=reason.strip(), by=by, now=now)
    return closed


def assign(conversation_id: int, *, to: Promoter | None, by: User, version: int, now: dt.datetime) -> Conversation:
    """To a promoter of the conversation's team, or to nobody in particular. Raises NotAllowed, Refused or Stale.

    Supervisors give; promoters take, and leave what is theirs.
    """
    row = _mine(conversation_id, by)
    own = to.user_id == by.pk if to is not None else row.assigned_to_id == by.pk
    if not own and not any(may_supervise(by, team) for team in _teams(row)):
        raise NotAllowed(_("Solo puedes tomarla para ti. Para dársela a otra persona, pídelo a tu supervisor."))
    if to is not None:
        _require_receiver(row, to)
    given = conversation_states.assign(conversation_id, to=to.user if to else None, by=by, version=version, now=now)
    reminders.pass_on(row.pk, before=row.assigned_to, to=to)
    return given


def make_opportunity(
    conversation_id: int, *, name: str, to: Promoter, by: User, key: str, now: dt.datetime
) -> Opportunity:
    """Its person becomes a client in the hands of `to`, by the rules of captures and at the cost of their day's.

    Raises NotAllowed, Incomplete while nobody knows their number, and what `capture` raises.
    """
    row = _mine(conversation_id, by)
    if to.user_id != by.pk and not may_supervise(by, to.desk.team_id):
        raise NotAllowed(_("%(who)s no es de un equipo que supervises.") % {"who": to})
    _require_receiver(row, to)
    if row.phone is None:
        raise Incomplete(_("WhatsApp todavía no dice su número. Pídeselo y captura a la persona con él."))
    made = capture(to, NewClient(name=name, phones=[row.phone]), key=key, by=by, now=now)
    conversation_states.note(row, kind=ConversationEventKind.CAPTURED, by=by, to=to.user, now=now)
    return made


def _mine(conversation_id: int, user: User) -> Conversation:
    """One sentence for what is somebody else's and for what does not exist."""
    row = conversations_of(user).select_related("session", "campaign").filter(pk=conversation_id).first()
    if row is None or not user.has_perm(WORK):
        raise NotAllowed(_("No tienes permiso para atender la conversación #%(id)s.") % {"id": conversation_id})
    return row


def _teams(row: Conversation) -> set[int]:
    return {row.session.team_id, *([row.campaign.team_id] if row.campaign else [])}


def _require_receiver(row: Conversation, to: Promoter) -> None:
    if to.desk.team_id not in _teams(row):
        raise Refused(_("%(who)s no es del equipo de esta conversación.") % {"who": to})
    if not to.user.is_active:
        raise Refused(_("%(who)s ya no entra: elige a otra persona.") % {"who": to})


def receivers(row: Conversation, *, by: User) -> list[Promoter]:
    """To whom this person may give it: their teams' promoters, else themselves."""
    from_teams = Promoter.objects.filter(desk__team__in=_teams(row), user__is_active=True)
    rows = from_teams.select_related("user", "desk__team", "desk__calendar").order_by("user__first_name", "pk")
    decided = {team for team in _teams(row) if may_supervise(by, team)}
    return [one for one in rows if one.user_id == by.pk or one.desk.team_id in decided]
