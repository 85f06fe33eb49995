"""People of the simulator who answer by themselves: only where they are asked to, always the same, and not for ever."""

from __future__ import annotations

from campaigns.opt_outs import OptOut, meaning
from tests.simulator import StartSimulator
from tests.whatsapp.messages import a_message
from tests.whatsapp.simulator.receiver import Receiver
from whatsapp.simulator.people import People, Said

PHONES = [f"549351{number:07d}" for number in range(300)]


def first_words(people: People) -> list[Said]:
    return [said for phone in PHONES if (said := people.hear("51", phone, share=1.0))]


def test_nobody_answers_unless_asked_to(start_simulator: StartSimulator, receiver: Receiver) -> None:
    assert not any(People().hear("51", phone, share=0.0) for phone in PHONES)
    simulator = start_simulator(callback_url=receiver.url, callback_secret="s", speed=200.0)

    simulator.gateway().send(a_message())
    receiver.wait_for(4)  # the session, and three acknowledgements

    assert receiver.events("message.inbound") == []


def test_whoever_gets_a_message_writes_back(start_simulator: StartSimulator, receiver: Receiver) -> None:
    simulator = start_simulator(callback_url=receiver.url, callback_secret="s", speed=200.0)
    simulator.change_settings(people=1.0)

    simulator.gateway().send(a_message())
    receiver.wait_for(5)

    [event] = receiver.events("message.inbound")
    assert event["data"]["text"]


def test_they_say_yes_ask_want_to_be_left_alone_and_hide() -> None:
    said = first_words(People())

    assert len(said) == len(PHONES)
    assert {meaning(one.text) for one in said} == {OptOut.NO, OptOut.ASKED}
    assert any("?" in one.text for one in said)
    assert 0 < sum(bool(one.lid) for one in said) < len(said) / 4
    assert all(5 <= one.after <= 40 for one in said)
    # The same people another time.
    assert first_words(People()) == said
    assert first_words(People(seed=7)) != said


def test_whoever_is_answered_writes_once_more_and_who_wants_no_more_never() -> None:
    people = People()
    for phone in PHONES:
        first = people.hear("51", phone, share=1.0)
        assert first is not None
        again = people.hear("51", phone, share=1.0)
        assert (again is None) == (meaning(first.text) is OptOut.ASKED), first.text
        assert people.hear("51", phone, share=1.0) is None


def test_a_part_of_them_answers() -> None:
    people = People()

    assert 60 < sum(people.hear("51", phone, share=0.35) is not None for phone in PHONES) < 150
