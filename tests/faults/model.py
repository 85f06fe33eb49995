"""What the sender promises, told without a table: where each message may be after each thing that happened.

The model does not plan, pace or claim. It knows what people decided and what the far side was asked and did, and from
that alone which states are true. Where only the sender can know (how far it got before it died), it allows each of the
true ones and then holds the sender to the one that it took.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

from campaigns import switch
from campaigns.enums import ENVIO_OPEN, Ack, CampaignState, EnvioState
from campaigns.models import Campaign, Envio
from tests.faults.behaviours import Kind
from whatsapp.gateways.base import Capability, Outcome, SessionState
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import ReceiptKind

S = EnvioState
ACKS = {ReceiptKind.SERVER: Ack.SERVER, ReceiptKind.DELIVERED: Ack.DELIVERED, ReceiptKind.READ: Ack.READ}


@dataclasses.dataclass
class Piece:
    """One message to one person. `may` holds the states that are true of it now; `state` the one that was found."""

    campaign: int
    phone: str
    state: EnvioState = S.PENDING
    may: set[EnvioState] = dataclasses.field(default_factory=lambda: {S.PENDING})
    asked: bool = False  # whoever holds it may have asked the gateway
    message_id: str | None = None
    ack: int = 0
    early: set[ReceiptKind] = dataclasses.field(default_factory=set)  # kept: nobody knew their message id


@dataclasses.dataclass
class Line:
    """One session: what its gateway says of it, and whether a person has to look at it first."""

    state: SessionState = SessionState.READY
    reachable: bool = True
    paused: bool = False


class Model:
    def __init__(self, campaigns: dict[int, CampaignState], lines: dict[int, Line], line_of: dict[int, int]) -> None:
        self.campaigns = campaigns
        self.lines = lines
        self.line_of = line_of
        self.pieces: dict[uuid.UUID, Piece] = {}
        self.opted_out: set[str] = set()
        self.on = True
        self.capabilities: frozenset[Capability] = frozenset()
        self.delivered: set[uuid.UUID] = set()
        self.wrong: list[str] = []
        self.at_work = False  # a tick is

    def of(self, campaign: int) -> Iterator[Piece]:
        return (piece for piece in self.pieces.values() if piece.campaign == campaign)

    # --- People ------------------------------------------------------------------------------------------------------

    def people_who_are_new(self, campaign: int, phones: set[str]) -> set[str]:
        return phones - self.opted_out - {piece.phone for piece in self.of(campaign)}

    def adopt(self, campaign: int, people: dict[str, uuid.UUID]) -> None:
        for phone, key in people.items():
            self.pieces[key] = Piece(campaign, phone)

    def cancel(self, campaign: int) -> None:
        self.campaigns[campaign] = CampaignState.CANCELLED
        self._cancel(piece for piece in self.of(campaign))

    def opt_out(self, phone: str) -> None:
        self.opted_out.add(phone)
        self._cancel(piece for piece in self.pieces.values() if piece.phone == phone)

    def _cancel(self, pieces: Iterator[Piece]) -> None:
        for piece in pieces:
            if S.PENDING in piece.may:
                # What a tick has in its hands comes back first, and is cancelled after that.
                piece.may = (piece.may if self.at_work else set()) | {S.CANCELLED}

    # --- A minute of the sender --------------------------------------------------------------------------------------

    def before_a_tick(self, *, loses_its_lease: bool = False) -> None:
        """What a tick may make of each piece without asking the gateway for anything."""
        for piece in self.pieces.values():
            piece.may = {piece.state}
            self.at_work = True
            if piece.state is S.SENDING:
                # Its lease may be over. Whoever asked may have been heard.
                piece.may |= {S.UNCERTAIN} if piece.asked else {S.UNCERTAIN, S.PENDING, S.ERROR}
            if S.PENDING in piece.may and loses_its_lease:
                piece.may.add(S.ERROR)  # a try that never left counts: it may have been the last one
            if S.PENDING in piece.may and self._is_over(piece):
                piece.may.add(S.CANCELLED)

    def at_the_gateway(self, key: uuid.UUID, kind: Kind, *, told_at_once: bool) -> None:
        """The far side is asked to send this piece, now. What speaks against it is told by `hold`."""
        piece = self.pieces[key]
        line = self.lines[self.line_of[piece.campaign]]
        campaign = self.campaigns[piece.campaign]
        against = {
            f"when it is {sorted(piece.may)}": S.PENDING not in piece.may,
            f"in a campaign that is {campaign}": campaign is not CampaignState.RUNNING,
            "with the switch off": not self.on,
            "to somebody who asked to be left alone": piece.phone in self.opted_out,
            f"through a line that is {line.state}": line.state is not SessionState.READY,
            "through a line that nobody answers": not line.reachable,
            "through a line that waits for a person": line.paused,
        }
        self.wrong += [f"{key} is sent {why}" for why, is_so in against.items() if is_so]
        piece.may = {S.SENT} if told_at_once and kind.delivers else set(_AFTER[kind.outcome])
        if kind.name == "after the deadline":
            piece.may.add(S.SENT)  # a tick that is still there takes the truth
        if S.SENT in piece.may and piece.early:
            piece.may.add(S.ERROR)
        piece.asked = kind.outcome is not Outcome.NOT_SENT  # that one may be claimed again before it dies
        line.paused = kind.error is not None and kind.error.needs_person
        if kind.delivers:
            self.delivered.add(key)

    def died(self) -> None:
        """The tick ended somewhere: what it held is still held, and nothing else was lost."""
        for piece in self.pieces.values():
            if S.PENDING in piece.may or piece.asked:
                piece.may.add(S.SENDING)

    def before_looking_up(self) -> None:
        """What was kept finds its message, gateways are asked about doubts, and cancelled campaigns are swept."""
        for key, piece in self.pieces.items():
            piece.may = {piece.state}
            if piece.early and piece.state in (S.SENT, S.ERROR):
                piece.may |= {S.SENT, S.ERROR}
            if piece.state is S.UNCERTAIN and Capability.LOOKUP in self.capabilities:
                if key in self.delivered:
                    piece.may |= {S.SENT, S.ERROR} if ReceiptKind.FAILED in piece.early else {S.SENT}
                elif Capability.DEDUPE in self.capabilities:
                    piece.may.add(S.PENDING)
            if piece.state is S.PENDING and self.campaigns[piece.campaign] is CampaignState.CANCELLED:
                piece.may = {S.CANCELLED}

    def _is_over(self, piece: Piece) -> bool:
        return piece.phone in self.opted_out or self.campaigns[piece.campaign] is CampaignState.CANCELLED

    # --- Callbacks ---------------------------------------------------------------------------------------------------

    def callback(self, key: uuid.UUID, message_id: str, kind: ReceiptKind, *, echo: bool) -> None:
        """An acknowledgement of one delivery of this piece."""
        piece = self.pieces[key]
        if not echo and piece.message_id != message_id:
            piece.early.add(kind)
        elif kind is ReceiptKind.FAILED:
            self._refused_late(piece, message_id)
        elif not self._old_news(piece, message_id, kind):
            piece.may = {S.SENT}
            piece.ack = max(piece.ack, ACKS[kind])

    def _refused_late(self, piece: Piece, message_id: str) -> None:
        if piece.state is S.SENT and piece.message_id == message_id and piece.ack < Ack.DELIVERED:
            piece.may = {S.ERROR}
        elif piece.state in (S.SENDING, S.UNCERTAIN):
            piece.may |= {S.ERROR}

    def _old_news(self, piece: Piece, message_id: str, kind: ReceiptKind) -> bool:
        another = piece.state is S.SENT and piece.message_id != message_id
        refused = piece.state is S.ERROR and piece.message_id == message_id and kind is ReceiptKind.SERVER
        return another or refused

    # --- What was found ----------------------------------------------------------------------------------------------

    def hold(self, *, campaigns_may_end: bool = False) -> list[str]:
        """Compare with the tables and take over what they say where several things were true. Returns what is wrong."""
        wrong, self.wrong, self.at_work = self.wrong, [], False
        rows = {row.client_message_id: row for row in Envio.objects.all()}
        if rows.keys() != self.pieces.keys():
            wrong.append(f"envíos {rows.keys() ^ self.pieces.keys()} came or went")
        for key, row in rows.items():
            wrong += self._hold_piece(key, row)
        for pk, state in Campaign.objects.values_list("id", "state"):
            ended = campaigns_may_end and self._nothing_open(pk) and state == CampaignState.FINISHED
            if state != self.campaigns[pk] and not ended:
                wrong.append(f"campaign {pk} is {state}, not {self.campaigns[pk]}")
            self.campaigns[pk] = CampaignState(state)
        for pk, paused_at in WhatsAppSession.objects.values_list("id", "paused_at"):
            self.lines[pk].paused = paused_at is not None
        if switch.is_on() is not self.on:
            wrong.append("somebody turned the switch")
        return wrong

    def _hold_piece(self, key: uuid.UUID, row: Envio) -> Iterator[str]:
        piece, state = self.pieces[key], EnvioState(row.state)
        if state not in piece.may:
            yield f"envío {row.pk} is {state}, not one of {sorted(piece.may)}"
        if row.ack < piece.ack:
            yield f"envío {row.pk} stepped back from {piece.ack} to {row.ack}"
        piece.state, piece.may, piece.message_id, piece.ack = state, {state}, row.message_id, row.ack
        piece.asked = piece.asked and state is S.SENDING

    def _nothing_open(self, campaign: int) -> bool:
        return self.campaigns[campaign] is CampaignState.RUNNING and not any(
            piece.state in ENVIO_OPEN for piece in self.of(campaign)
        )


_AFTER = {
    None: {S.SENT},
    Outcome.UNKNOWN: {S.UNCERTAIN},
    Outcome.REFUSED: {S.ERROR},
    Outcome.NOT_SENT: {S.PENDING, S.ERROR},  # an error when it was the last try: I10 counts them
}
