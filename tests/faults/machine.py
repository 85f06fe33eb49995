"""Whatever people, clocks, gateways and dying processes do in whatever order: rules for Hypothesis to put in a row.

Three campaigns on two lines. After every step the ledger is judged and the model compared; at the end a healthy world
comes to rest.
"""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Sequence

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from campaigns import decisions, lifecycle, receipts, switch
from campaigns.audience import import_file
from campaigns.decisions import Decision
from campaigns.enums import CAMPAIGN_ENDED, ENVIO_OPEN, CampaignState, EnvioState
from campaigns.errors import Refused
from campaigns.models import Campaign, Envio, RecipientImport, Schedule, ScheduleDay, SessionDay
from campaigns.suppressions import suppress
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from tests.faults import checker
from tests.faults.behaviours import BY_NAME, KINDS, OK, Kind
from tests.faults.harness import MINUTE, Crash, Crashes, World, start_over
from tests.faults.model import ACKS, Line, Model
from tests.faults.world import START, Behaviour, Delivery
from whatsapp import sessions
from whatsapp.gateways.base import Capability, OutboundMessage, SessionState
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import Receipt, ReceiptKind

PHONES = [f"+54935155500{n:02d}" for n in range(10, 16)]
LONG_AGO = START - dt.timedelta(days=1)  # every lease is alive then: a machine is never at rest
# Of each campaign that runs from the start, and the seconds between two of a line: some work is left for many steps.
PIECES = 6
PACE = 20
STOPPED = dt.timedelta(minutes=6)

_TURNING_POINTS = ["before COMMIT", "after COMMIT", "after UPDATE", "before submit", "after submit", "after collect"]

picks = st.integers(0, 50)
kinds = st.sampled_from(KINDS)
phones = st.sampled_from(PHONES)


class Sender(RuleBasedStateMachine):
    """`campaigns` are made once: two that run on one line, and a draft on another. `boss` may do anything."""

    campaigns: Sequence[Campaign]
    boss: User

    def __init__(self) -> None:
        super().__init__()
        start_over()
        self.world = World()
        self.rng = random.Random(0)
        self.kinds: list[Kind] = []  # of the next messages
        self.well = False  # the far side is, for good
        self.talks_at_once: bool | None = None
        self.last_minute = START
        self.world.provider.behave = self._at_the_gateway
        self._begin()
        lines = {campaign.session_id: Line() for campaign in self.campaigns}
        states = {campaign.pk: CampaignState.RUNNING for campaign in self.campaigns}
        states[self.campaigns[-1].pk] = CampaignState.DRAFT
        self.model = Model(states, lines, {campaign.pk: campaign.session_id for campaign in self.campaigns})
        for campaign in self.campaigns[:-1]:
            self.model.adopt(
                campaign.pk, {envio.phone: envio.client_message_id for envio in self.world.fill(campaign, PIECES)}
            )

    def _begin(self) -> None:
        RecipientImport.objects.all().delete()
        Campaign.objects.filter(pk=self.campaigns[-1].pk).update(state=CampaignState.DRAFT, columns=[])
        WhatsAppSession.objects.update(daily_limit=180, capabilities=[])
        Schedule.objects.update(daily_cap=180)

    @initialize(
        capabilities=st.sampled_from([(), (), (Capability.LOOKUP,), (Capability.LOOKUP, Capability.DEDUPE)]),
        seed=st.sampled_from(range(1000)),
    )
    def the_gateway_can(self, capabilities: tuple[Capability, ...], seed: int) -> None:
        """And of the messages that no rule speaks of, every second one meets trouble of its own."""
        self.rng = random.Random(seed)
        self.model.capabilities = self.world.provider.capabilities = frozenset(capabilities)
        WhatsAppSession.objects.update(capabilities=[one.value for one in capabilities])

    # --- People ------------------------------------------------------------------------------------------------------

    @rule(which=picks, who=st.sets(phones, min_size=1, max_size=3))
    def bring_people(self, which: int, who: set[str]) -> None:
        campaign = self._campaign(which)
        file = io.BytesIO("\n".join(["telefono,nombre", *(f"{phone},Ana" for phone in sorted(who))]).encode())
        fits = self.model.campaigns[campaign.pk] is CampaignState.DRAFT
        done = self._try(lambda: import_file(campaign, file, by=None, now=self.world.now, file_name="gente.csv"))
        assert done is fits
        if done:
            rows = dict(Envio.objects.filter(campaign=campaign).values_list("phone", "client_message_id"))
            new = self.model.people_who_are_new(campaign.pk, who)
            assert new == {phone for phone, key in rows.items() if key not in self.model.pieces}
            self.model.adopt(campaign.pk, {phone: rows[phone] for phone in new})

    @rule()
    def prepare_the_draft(self) -> None:
        """Submit, approve, launch: whichever step is next."""
        campaign = self._campaign(-1)
        state = self.model.campaigns[campaign.pk]
        if state is CampaignState.DRAFT:
            ready = any(self.model.of(campaign.pk))
            assert self._try(lambda: lifecycle.submit(campaign, by=None, now=self.world.now)) is ready
            self._becomes(campaign, CampaignState.AWAITING_APPROVAL if ready else state)
        elif state is CampaignState.AWAITING_APPROVAL:
            lifecycle.approve(campaign, by=self.boss, now=self.world.now)
            self._becomes(campaign, CampaignState.APPROVED)
        elif state is CampaignState.APPROVED:
            lifecycle.launch(campaign, by=None, now=self.world.now)
            self._becomes(campaign, CampaignState.RUNNING)

    @rule(which=picks, pause=st.booleans())
    def pause_or_resume(self, which: int, pause: bool) -> None:
        campaign = self._campaign(which)
        verb = lifecycle.pause if pause else lifecycle.resume
        source, target = (_RUNNING, _PAUSED) if pause else (_PAUSED, _RUNNING)
        fits = self.model.campaigns[campaign.pk] is source
        assert self._try(lambda: verb(campaign, by=None, now=self.world.now)) is fits
        if fits:
            self._becomes(campaign, target)

    @rule(which=picks, really=st.integers(0, 3))
    def cancel(self, which: int, really: int) -> None:
        campaign = self._campaign(which)
        if really:
            return  # seldom: nothing is left to see afterwards
        fits = self.model.campaigns[campaign.pk] not in CAMPAIGN_ENDED
        done = self._try(lambda: lifecycle.cancel(campaign, by=None, now=self.world.now, reason="Ya no"))
        assert done is fits
        if done:
            self.model.cancel(campaign.pk)

    @rule(which=picks, decision=st.sampled_from(Decision))
    def decide(self, which: int, decision: Decision) -> None:
        envio = self._envio(which, prefer=EnvioState.UNCERTAIN)
        if envio is None:
            return
        piece = self.model.pieces[envio.client_message_id]
        over = self.model.campaigns[piece.campaign] in CAMPAIGN_ENDED
        fits = piece.state is EnvioState.UNCERTAIN and not (decision is Decision.RESEND and over)
        act = lambda: decisions.decide(envio, decision, by=self.boss, reason="Lo miré", now=self.world.now)  # noqa: E731
        assert self._try(act) is fits
        if fits:
            piece.may = {_DECIDED[decision]}

    @rule(which=picks, decision=st.sampled_from(Decision), kind=st.sampled_from(list(ACKS)))
    def decide_and_learn_the_truth(self, which: int, decision: Decision, kind: ReceiptKind) -> None:
        """Somebody decides, and then the gateway proves otherwise."""
        self.decide(3 * which + 1, decision)
        _agreed(self.model.hold())
        self.call_back(3 * which + 1, kind, 1, True)

    @rule(which=picks)
    def write_by_hand(self, which: int) -> None:
        envio = self._envio(which, prefer=EnvioState.PENDING)
        if envio is None:
            return
        piece = self.model.pieces[envio.client_message_id]
        fits = piece.state is EnvioState.PENDING
        done = self._try(lambda: decisions.mark_by_hand(envio, by=self.boss, reason="Yo", now=self.world.now))
        assert done is fits
        if fits:
            piece.may = {EnvioState.SENT_BY_HAND}

    @rule(which=picks, really=st.integers(0, 2))
    def opt_out(self, which: int, really: int) -> None:
        if really:
            return
        envio = self._envio(which, prefer=EnvioState.PENDING)
        phone = envio.phone if envio else PHONES[0]
        suppress(phone, source=Suppression.Source.REPLY, now=self.world.now)
        self.model.opt_out(phone)

    @rule()
    def turn_the_switch(self) -> None:
        self.model.on = not self.model.on
        switch.turn(on=self.model.on, by=self.boss, reason="Prueba", now=self.world.now)

    @rule(room=st.integers(0, 2), session=st.booleans())
    def leave_little_room(self, room: int, session: bool) -> None:
        """A limit or a cap so far above what the fullest day has used."""
        if session:
            WhatsAppSession.objects.update(daily_limit=max(1, _most(SessionDay) + room))
        else:
            Schedule.objects.update(daily_cap=max(1, _most(ScheduleDay) + room))

    @rule()
    def mend_everything(self) -> None:
        """Lines are looked at, gateways answer again, there is room, and the switch is on."""
        if not self.model.on:
            self.turn_the_switch()
        self.world.provider.status_error = None
        self.world.provider.state.clear()
        for session in WhatsAppSession.objects.filter(paused_at__isnull=False):
            sessions.unpause(session, by=self.boss, now=self.world.now)
        for line in self.model.lines.values():
            line.state, line.reachable, line.paused = SessionState.READY, True, False
        WhatsAppSession.objects.update(daily_limit=180)
        Schedule.objects.update(daily_cap=180)

    # --- The far side ------------------------------------------------------------------------------------------------

    @rule(kinds=st.lists(kinds, min_size=1, max_size=3), talks=st.sampled_from([None, None, True, False]))
    def gateway_behaves(self, kinds: list[Kind], talks: bool | None) -> None:
        """The next messages meet these. It may call back before its own answer, with our id or without."""
        self.kinds, self.talks_at_once = kinds, talks
        self.minutes_pass(1)

    @rule(which=picks, state=st.sampled_from([None, *SessionState]))
    def a_line_has_trouble(self, which: int, state: SessionState | None) -> None:
        """Its session is in this state, or nobody answers at the gateway's address."""
        if state is None:
            self.nobody_answers()
            return
        session = self._campaign(which).session
        self.world.provider.state[session.tenant_id] = state
        self.model.lines[session.pk].state = state

    def nobody_answers(self) -> None:
        self.world.provider.status_error = BY_NAME["connection refused"].error
        for line in self.model.lines.values():
            line.reachable = False

    @rule(which=picks, kind=st.sampled_from(ReceiptKind), times=st.integers(1, 3), echo=st.booleans())
    def call_back(self, which: int, kind: ReceiptKind, times: int, echo: bool) -> None:
        """An acknowledgement of anything that was ever delivered: late, again, out of order."""
        ledger = self.world.provider.ledger
        if not ledger:
            return
        # Where it contradicts what somebody decided, or ends a doubt, before where it is no news.
        told = {key for key, piece in self.model.pieces.items() if piece.state is EnvioState.SENT}
        open_ = {key for key, piece in self.model.pieces.items() if piece.state in ENVIO_OPEN} | told
        decided = [line for line in ledger if line.client_message_id not in open_]
        untold = [line for line in ledger if line.client_message_id not in told]
        lines = (which % 3 and decided) or untold or ledger
        delivery = lines[which % len(lines)]
        if kind is ReceiptKind.FAILED:
            self.world.provider.refused.add(delivery.message_id)
        for _ in range(times):
            self._acknowledge(delivery, kind, echo=echo)
        self.model.callback(delivery.client_message_id, delivery.message_id, kind, echo=echo)

    # --- Time and processes ------------------------------------------------------------------------------------------

    @rule()
    def a_minute_passes(self) -> None:
        self.minutes_pass(1)

    @rule(minutes=st.integers(1, 4))
    def minutes_pass(self, minutes: int) -> None:
        begun: list[dt.datetime] = []
        for _ in range(minutes):
            self.world.next_minute()
            self.world.ask_sessions()
            begun.append(self.world.now)
            self._tick()
            self._look_up()
        if len(begun) > 2:
            _agreed(checker.neglected(self.world.now, since=begun[-2]))

    @rule(time=st.sampled_from([dt.timedelta(seconds=20), dt.timedelta(minutes=6), dt.timedelta(hours=13)]))
    def nothing_runs(self, time: dt.timedelta) -> None:
        self.world.clock.time += time

    @rule()
    def the_queue_hands_it_out_again(self) -> None:
        if self.last_minute != START:
            assert not self.world.tick(self.last_minute).ran

    @rule(at=st.sampled_from(_TURNING_POINTS), nth=st.sampled_from(range(6)), soon=st.booleans())
    def the_process_dies(self, at: str, nth: int, soon: bool) -> None:
        self.world.next_minute()
        self.world.crashes = Crashes(at=nth, only=at)
        self._tick(self.world.crashes)
        self.world.crashes = None
        connection.close()
        self.world.clock.time += dt.timedelta(minutes=1) if soon else STOPPED

    @rule(which=picks, what=st.sampled_from(["pause", "cancel", "opt out", "switch off", "another tick"]))
    def something_happens_while_a_line_is_asked(self, which: int, what: str) -> None:
        """After the claim and before the socket: the last moment at which anything counts."""

        def meanwhile() -> None:
            self.world.provider.asked = lambda: None
            if what == "pause":
                self.pause_or_resume(which, pause=True)
            elif what == "cancel":
                self.cancel(which, really=0)
            elif what == "opt out":
                self.opt_out(which, really=0)
            elif what == "switch off" and self.model.on:
                self.turn_the_switch()
            elif what == "another tick":
                self.world.tick(self.last_minute + MINUTE)
                self.world.provider.answer_after = 0.0

        self.world.next_minute()
        self.world.provider.asked = meanwhile
        self._tick()
        self.world.provider.asked = lambda: None

    @rule()
    def the_process_is_stopped_and_continued(self) -> None:
        """Past its lease, with a claim in its hands; the next tick goes on meanwhile."""
        self.world.next_minute()

        def stopped() -> None:
            self.world.provider.asked = lambda: None
            self.world.clock.time += STOPPED
            self.world.tick()
            self.world.provider.answer_after = 0.0

        self.world.provider.asked = stopped
        self._tick(loses_its_lease=True)
        self.world.provider.asked = lambda: None

    # --- Judgement ---------------------------------------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        _agreed(self.model.hold())
        ledger = self.world.provider.lines()
        _agreed(checker.always(ledger, now=LONG_AGO))
        _agreed(checker.overtaken(ledger, gap=PACE))

    def teardown(self) -> None:
        """A healthy world comes to rest, and nothing is left in the air."""
        self.well, self.talks_at_once = True, None
        self.mend_everything()
        WhatsAppSession.objects.update(cold_until=None, blocked_until=None)
        self.world.restart()
        for _ in range(5):
            # Whatever is asked about, or waits its back-off, has had its turn.
            self.world.clock.time += dt.timedelta(minutes=61)
            self.minutes_pass(1)
        self.minutes_pass(4)
        _agreed(checker.findings(self.world.provider.lines(), now=self.world.now))
        waiting = [piece for piece in self.model.pieces.values() if piece.state is EnvioState.PENDING]
        assert all(self.model.campaigns[piece.campaign] is not CampaignState.RUNNING for piece in waiting)

    # --- Private -----------------------------------------------------------------------------------------------------

    def _tick(self, crashes: Crashes | None = None, *, loses_its_lease: bool = False) -> None:
        self.model.before_a_tick(loses_its_lease=loses_its_lease)
        self.last_minute = self.world.now
        try:
            if crashes is None:
                self.world.tick()
            else:
                with crashes.armed():
                    self.world.tick()
        except Crash:
            self.model.died()
            connection.close()
        _agreed(self.model.hold(campaigns_may_end=True))

    def _look_up(self) -> None:
        self.model.before_looking_up()
        self.world.look_up()
        _agreed(self.model.hold())

    def _at_the_gateway(self, message: OutboundMessage) -> Behaviour:
        kind = self._next_kind()
        self.model.at_the_gateway(message.client_message_id, kind, told_at_once=self.talks_at_once is True)
        behaviour = kind()
        if kind.delivers and self.talks_at_once is not None:
            behaviour.then = self._talk
        return behaviour

    def _next_kind(self) -> Kind:
        if self.well:
            return OK
        return self.kinds.pop(0) if self.kinds else self.rng.choice((OK, self.rng.choice(_TROUBLES)))

    def _talk(self, delivery: Delivery) -> None:
        echo = bool(self.talks_at_once)
        for kind in (ReceiptKind.READ, ReceiptKind.SERVER):
            self._acknowledge(delivery, kind, echo=echo)
            if not echo:
                self.model.pieces[delivery.client_message_id].early.add(kind)

    def _acknowledge(self, delivery: Delivery, kind: ReceiptKind, *, echo: bool) -> None:
        receipt = Receipt(
            kind=kind,
            message_id=delivery.message_id,
            client_message_id=delivery.client_message_id if echo else None,
            at=self.world.now,
        )
        session = WhatsAppSession.objects.get(tenant_id=delivery.tenant_id)
        receipts.apply(receipt, session=session, now=self.world.now)

    def _becomes(self, campaign: Campaign, state: CampaignState) -> None:
        self.model.campaigns[campaign.pk] = state

    def _try(self, act: Callable[[], object]) -> bool:
        """Whether it was done; a refusal is an answer."""
        try:
            act()
        except Refused:
            return False
        return True

    def _campaign(self, which: int) -> Campaign:
        campaigns = self.campaigns
        return Campaign.objects.select_related("session").get(pk=campaigns[which % len(campaigns)].pk)

    def _envio(self, which: int, *, prefer: EnvioState) -> Envio | None:
        """One of those in this state, or of all when there is none; every fourth time any of them."""
        rows = list(Envio.objects.order_by("id"))
        found = [row for row in rows if row.state == prefer] if which % 4 else []
        return (found or rows)[which % len(found or rows)] if rows else None


# Those that concern one message: what stops a whole line comes by rule.
_TROUBLES = [kind for kind in KINDS if not kind.session_wide and kind.name != "463 first contact"]
_RUNNING, _PAUSED = CampaignState.RUNNING, CampaignState.PAUSED
_DECIDED = {
    Decision.ARRIVED: EnvioState.SENT_BY_HAND,
    Decision.RESEND: EnvioState.PENDING,
    Decision.GIVE_UP: EnvioState.ERROR,
}


def _agreed(findings: list[str]) -> None:
    """No finding, or all of them in the words of the failure."""
    if findings:
        raise AssertionError("\n".join(findings))


def _most(model: type[SessionDay | ScheduleDay]) -> int:
    return max(model._default_manager.values_list("used", flat=True), default=0)
