"""The one way to an automatic answer: whether one is due, by which rule, and the envío that says it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from campaigns import replying, switch
from campaigns.automatic import machines
from campaigns.automatic.base import Kind, Moment
from campaigns.automatic.first_answer import FirstAnswer
from campaigns.automatic.keyword import Keyword
from campaigns.automatic.out_of_hours import OutOfHours
from campaigns.enums import AutomaticKind, EnvioState, HeldBack
from campaigns.models import AutomaticAnswer, AutomaticRule, Conversation, Envio, Reply
from campaigns.opt_out_confirmations import confirmed, key_of
from leadmaster.directory.models import Suppression
from leadmaster.lib.db.retry import retrying

# Who is asked first.
KINDS: Final[tuple[Kind, ...]] = (Keyword(), OutOfHours(), FirstAnswer())
# What reaches us later was told by a line that came back: nobody expects an answer to it at once.
_FRESH: Final = dt.timedelta(minutes=10)
# A person of ours who wrote so lately goes on by themselves.
_IN_HAND: Final = dt.timedelta(hours=1)


def consider(row: Conversation, reply: Reply, *, asked: bool, now: dt.datetime) -> Envio | None:
    """Answer what somebody just wrote, if a rule of its line says so. `asked`: they want to be left alone.

    One query while the line has no rule.
    """
    rules = list(AutomaticRule.objects.at_work(row.session).select_related("session"))
    if not rules or row.phone is None or now - reply.at > _FRESH or not switch.is_on():
        return None
    rules.sort(key=lambda rule: (rule.session_id is None, rule.pk))  # the line's own first
    if asked:
        return _confirm(row, reply, rules, now)
    moment = Moment(conversation=row, reply=reply, now=now)
    rule = None if _somebody_attends(row, now) else which(rules, moment)
    if rule is None or Suppression.objects.holding(row.phone) is not None:
        return None
    return _say(rule, moment, once=f"{row.pk}:{row.session.day_at(now)}")


def which(rules: list[AutomaticRule], moment: Moment) -> AutomaticRule | None:
    """The first that applies."""
    for kind in KINDS:
        for rule in rules:
            if rule.kind == kind.kind and kind.applies(rule, moment):
                return rule
    return None


def _somebody_attends(row: Conversation, now: dt.datetime) -> bool:
    lately = Envio.objects.written().filter(session=row.session_id, phone=row.phone, created_at__gt=now - _IN_HAND)
    return lately.exclude(state__in=(EnvioState.CANCELLED, EnvioState.ERROR)).exists()


def _confirm(row: Conversation, reply: Reply, rules: list[AutomaticRule], now: dt.datetime) -> Envio | None:
    """That they were heard, once. Not while it is in doubt what they meant."""
    rule = next((rule for rule in rules if rule.kind == AutomaticKind.OPT_OUT), None)
    phone = row.phone or ""
    holding = Suppression.objects.holding(phone)
    if rule is None or holding is None or holding.in_doubt or confirmed(phone):
        return None
    return _say(rule, Moment(conversation=row, reply=reply, now=now), once=key_of(phone))


def _say(rule: AutomaticRule, moment: Moment, *, once: str) -> Envio | None:
    if AutomaticAnswer.objects.filter(once=once).exists():
        return None
    held_back = _held_back(moment)
    try:
        return retrying(lambda: _write(rule, moment, once=once, held_back=held_back))
    except IntegrityError:
        # Two messages of theirs at once: the other one was answered.
        return None


def _held_back(moment: Moment) -> HeldBack | None:
    if machines.is_one(moment.conversation, moment.reply):
        return HeldBack.MACHINE
    # The other half is for people.
    if replying.used_of_hour(moment.conversation.session, moment.now) >= settings.REPLIES_PER_HOUR / 2:
        return HeldBack.NO_ROOM
    return None


@transaction.atomic
def _write(rule: AutomaticRule, moment: Moment, *, once: str, held_back: HeldBack | None) -> Envio | None:
    row, now = moment.conversation, moment.now
    if held_back is not None:
        # Told once a day, and it is no answer: the next message may get one.
        day = row.session.day_at(now)
        _note(rule, moment, once=f"{row.pk}:{day}:{held_back}", held_back=held_back)
        return None
    noted = _note(rule, moment, once=once)
    noted.envio = Envio.objects.create(
        session=row.session,
        phone=row.phone or "",
        text=rule.text,
        warm=True,
        automatic=rule.kind,
        next_due=now,
        created_at=now,
    )
    noted.save(update_fields=["envio"])
    return noted.envio


def _note(rule: AutomaticRule, moment: Moment, *, once: str, held_back: HeldBack | None = None) -> AutomaticAnswer:
    return AutomaticAnswer.objects.create(
        rule=rule,
        kind=rule.kind,
        session=moment.conversation.session,
        conversation=moment.conversation,
        at=moment.now,
        once=once,
        held_back=held_back or "",
    )
