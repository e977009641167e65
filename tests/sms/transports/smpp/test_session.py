"""Octets and the time in, events out: no sockets, no sleep."""

import random
from typing import Any

import pytest

from sms.transports.smpp import codec
from sms.transports.smpp import session as s
from sms.transports.smpp.codec import CommandStatus
from sms.transports.smpp.session.requests import OpenRequests
from tests.sms.transports.smpp.test_codec import EVERY_COMMAND, deliver_sm, mutated, pdu_octets

Pair = tuple[s.Session, s.Session]


def sent(session: s.Session) -> list[codec.Pdu]:
    """Read what a session wants to write."""
    data, pdus = session.data_to_send(), []
    while data:
        length = int.from_bytes(data[:4], "big")
        pdus.append(codec.decode(data[:length]))
        data = data[length:]
    return pdus


def esme(**options: Any) -> s.Session:
    return s.Session(s.Role.ESME, now=0, **options)


def pair(bind: codec.Bind | None = None, **options: Any) -> Pair:
    """Bind an ESME to an SMSC, both of them ours."""
    ours, theirs = esme(**options), s.Session(s.Role.SMSC, now=0, **options)
    ours.request(bind or codec.BindTransceiver(system_id="esme", password="secret"), now=0)
    (requested,) = theirs.receive_data(ours.data_to_send(), 0)
    assert isinstance(requested, s.BindRequested)
    bind_resp = codec.plain_response(requested.pdu.command_id, 0, CommandStatus.OK)
    theirs.answer(requested.pdu, bind_resp)
    (bound,) = ours.receive_data(theirs.data_to_send(), 0)
    assert isinstance(bound, s.Bound)
    return ours, theirs


def submit(session: s.Session, context: object = None, now: float = 0) -> int:
    request = session.request(codec.SubmitSm(destination_addr="1"), now=now, context=context)
    return request.sequence_number


def answer(sequence_number: int, message_id: str = "77") -> bytes:
    pdu = codec.SubmitSmResp(sequence_number=sequence_number, message_id=message_id)
    return codec.encode(pdu)


# --- binding ----------------------------------------------------------------------------


def test_a_bind_makes_both_ends_bound() -> None:
    ours, theirs = pair()
    assert (ours.state, theirs.state) == (s.State.BOUND, s.State.BOUND)
    assert ours.mode == theirs.mode == s.Mode.TRANSCEIVER


def test_a_refused_bind_names_its_status_and_binds_nobody() -> None:
    ours, theirs = esme(), s.Session(s.Role.SMSC, now=0)
    ours.request(codec.BindTransceiver(), now=0)
    (requested,) = theirs.receive_data(ours.data_to_send(), 0)
    assert isinstance(requested, s.BindRequested)
    theirs.refuse(requested.pdu, 0x0E)
    assert ours.receive_data(theirs.data_to_send(), 0) == [s.BindRefused(0x0E)]
    assert (ours.state, theirs.state) == (s.State.OPEN, s.State.OPEN)


def test_a_generic_nack_refuses_a_bind_too() -> None:
    ours = esme()
    ours.request(codec.BindTransceiver(), now=0)
    nack = codec.GenericNack(command_status=3, sequence_number=1)
    assert ours.receive_data(codec.encode(nack), 0) == [s.BindRefused(3)]


def test_an_answer_to_something_else_is_not_taken_for_the_answer_to_the_bind() -> None:
    ours = esme()
    ours.request(codec.BindTransceiver(), now=0)
    stray = codec.BindTransceiverResp(sequence_number=2)
    assert ours.receive_data(codec.encode(stray), 0) == [s.UnexpectedResponse(stray)]
    assert ours.state is s.State.OPEN


def test_a_second_bind_is_already_bound() -> None:
    _, theirs = pair()
    assert theirs.receive_data(codec.encode(codec.BindTransceiver(sequence_number=9)), 0) == []
    assert [pdu.command_status for pdu in sent(theirs)] == [CommandStatus.ALREADY_BOUND]


def test_an_unanswered_bind_ends_the_session() -> None:
    ours = esme()
    ours.request(codec.BindTransceiver(), now=0)
    assert ours.next_deadline() == 10
    (over,) = ours.tick(10)
    assert isinstance(over, s.SessionOver)
    assert ours.state is s.State.CLOSED


def test_an_smsc_hangs_up_on_a_peer_that_never_binds() -> None:
    theirs = s.Session(s.Role.SMSC, now=5)
    assert theirs.next_deadline() == 15
    assert theirs.tick(14.9) == []
    assert isinstance(theirs.tick(15)[0], s.SessionOver)


# --- states -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bind", "pdu", "from_smsc", "is_allowed"),
    [
        (codec.BindTransceiver(), codec.SubmitSm(), False, True),
        (codec.BindTransmitter(), codec.SubmitSm(), False, True),
        (codec.BindReceiver(), codec.SubmitSm(), False, False),
        (codec.BindTransceiver(), codec.SubmitSm(), True, False),
        (codec.BindTransceiver(), codec.DeliverSm(), True, True),
        (codec.BindReceiver(), codec.DeliverSm(), True, True),
        (codec.BindTransceiver(), codec.DeliverSm(), False, False),
        (codec.BindReceiver(), codec.DataSm(), True, True),
        (codec.BindTransmitter(), codec.DataSm(), False, True),
        (codec.BindTransmitter(), codec.QuerySm(), False, True),
        (codec.BindReceiver(), codec.QuerySm(), False, False),
        (codec.BindTransceiver(), codec.BindTransceiver(), True, False),
    ],
)
def test_bind_states_hold_for_what_is_sent_and_for_what_comes(
    bind: codec.Bind, pdu: codec.Pdu, from_smsc: bool, is_allowed: bool
) -> None:
    ours, theirs = pair(bind)
    sender, receiver = (theirs, ours) if from_smsc else (ours, theirs)
    if is_allowed:
        sender.request(pdu, now=0)
        assert receiver.receive_data(sender.data_to_send(), 0) == [s.RequestReceived(pdu)]
        return
    with pytest.raises(s.WrongState):
        sender.request(pdu, now=0)
    assert receiver.receive_data(codec.encode(pdu), 0) == []
    assert [pdu.command_status for pdu in sent(receiver)] == [CommandStatus.INVALID_BIND_STATE]


@pytest.mark.parametrize("pdu", [codec.DeliverSm(), codec.DataSm()])
def test_what_comes_on_the_wrong_bind_is_taken(pdu: codec.Pdu) -> None:
    ours, _ = pair(codec.BindTransmitter())
    assert ours.receive_data(codec.encode(pdu), 0) == [s.RequestReceived(pdu)]


def test_a_submit_before_the_bind_is_refused_on_both_ends() -> None:
    with pytest.raises(s.WrongState):
        submit(esme())
    theirs = s.Session(s.Role.SMSC, now=0)
    theirs.receive_data(codec.encode(codec.SubmitSm(sequence_number=4)), 0)
    expected = codec.SubmitSmResp(sequence_number=4, command_status=4)
    assert sent(theirs) == [expected]


@pytest.mark.parametrize("role", s.Role)
def test_enquire_link_is_answered_before_any_bind(role: s.Role) -> None:
    session = s.Session(role, now=0)
    assert session.receive_data(codec.encode(codec.EnquireLink(sequence_number=3)), 0) == []
    assert sent(session) == [codec.EnquireLinkResp(sequence_number=3)]


# --- window and correlation -------------------------------------------------------------


def test_answers_find_their_requests_in_any_order() -> None:
    ours, _ = pair()
    numbers = [submit(ours, context=f"segment {n}") for n in range(3)]
    events = ours.receive_data(b"".join(answer(n) for n in reversed(numbers)), 0)
    contexts = [event.request.context for event in events if isinstance(event, s.Answered)]
    assert contexts == ["segment 2", "segment 1", "segment 0"]


def test_the_window_counts_messages_alone_and_opens_with_answers() -> None:
    ours, _ = pair(window_size=2)
    first = submit(ours)
    submit(ours)
    assert ours.window_free == 0
    with pytest.raises(s.WindowFull):
        submit(ours)
    ours.request(codec.EnquireLink(), now=0)
    ours.receive_data(answer(first), 0)
    assert ours.window_free == 1


def test_sequence_numbers_wrap_and_skip_those_still_open() -> None:
    ours, _ = pair(first_sequence=0x7FFFFFFE)
    assert [submit(ours) for _ in range(2)] == [0x7FFFFFFF, 1]
    requests = OpenRequests(remember_s=600, first_sequence=0x7FFFFFFF)
    requests.add(s.OpenRequest(codec.SubmitSm, 1, None, deadline=10))
    assert [requests.next_sequence() for _ in range(2)] == [0x7FFFFFFF, 2]


def test_reading_takes_no_sequence_number() -> None:
    ours, _ = pair()
    ours.receive_data(deliver_sm(b"hello") * 5, 0)
    assert submit(ours) == 2


def test_a_pdu_that_cannot_be_written_takes_no_place_in_the_window() -> None:
    ours, _ = pair(window_size=1)
    with pytest.raises(codec.InvalidField):
        ours.request(codec.SubmitSm(destination_addr="1" * 30), now=0)
    assert (ours.window_free, ours.data_to_send()) == (1, b"")


def test_an_error_answer_is_an_answer() -> None:
    ours, _ = pair()
    number = submit(ours, context="mine")
    pdu = codec.SubmitSmResp(command_status=0x58, sequence_number=number)
    (event,) = ours.receive_data(codec.encode(pdu), 0)
    assert isinstance(event, s.Answered)
    assert (event.request.context, event.pdu.command_status) == ("mine", 0x58)


def test_a_generic_nack_answers_the_request_of_its_sequence() -> None:
    ours, _ = pair()
    number = submit(ours, context="mine")
    nack = codec.GenericNack(command_status=3, sequence_number=number)
    (event,) = ours.receive_data(codec.encode(nack), 0)
    assert isinstance(event, s.Answered)
    assert (event.request.context, event.pdu) == ("mine", nack)


@pytest.mark.parametrize(
    "stray",
    [
        codec.SubmitSmResp(sequence_number=99),
        codec.DeliverSmResp(sequence_number=2),
        codec.GenericNack(command_status=2),
        codec.UnbindResp(sequence_number=2),
    ],
    ids=lambda pdu: pdu.name,
)
def test_answers_to_nothing_we_asked_are_ignored(stray: codec.Pdu) -> None:
    ours, _ = pair()
    assert submit(ours) == 2
    assert ours.receive_data(codec.encode(stray), 0) == [s.UnexpectedResponse(stray)]
    assert ours.open_count == 1


def test_a_request_is_not_written_until_its_octets_are_taken() -> None:
    ours, _ = pair()
    first = ours.request(codec.SubmitSm(), now=0)
    assert not first.written
    ours.data_to_send()
    second = ours.request(codec.SubmitSm(), now=0)
    assert (first.written, second.written) == (True, False)
    assert ours.close("lost").open_requests == (first, second)


def test_what_goes_back_as_unwritten_is_not_written_after_all() -> None:
    ours, _ = pair()
    submit(ours)
    over = ours.close("lost")
    assert [request.written for request in over.open_requests] == [False]
    assert sent(ours) == []


# --- time -------------------------------------------------------------------------------


def test_silence_gives_a_submit_up_and_frees_its_place() -> None:
    ours, _ = pair(window_size=1)
    ours.receive_data(b"", 15)
    submit(ours, context="mine", now=15)
    assert ours.next_deadline() == 25
    assert ours.tick(24.9) == []
    (event,) = ours.tick(25)
    assert isinstance(event, s.Unanswered)
    assert (event.request.context, ours.window_free) == ("mine", 1)


def test_a_late_answer_still_names_its_request_once() -> None:
    ours, _ = pair()
    number = submit(ours, context="mine")
    ours.tick(10)
    (event,) = ours.receive_data(answer(number, "late id"), 20)
    assert isinstance(event, s.LateResponse)
    assert event.request.context == "mine"
    assert isinstance(event.pdu, codec.SubmitSmResp) and event.pdu.message_id == "late id"
    assert isinstance(ours.receive_data(answer(number), 21)[0], s.UnexpectedResponse)


def test_a_request_given_up_is_forgotten_after_ten_minutes() -> None:
    ours, _ = pair(timers=s.Timers(enquire_link_s=0))
    number = submit(ours)
    ours.tick(10)
    ours.tick(610)
    assert isinstance(ours.receive_data(answer(number), 610)[0], s.UnexpectedResponse)


def test_silence_is_probed_once_and_an_answer_ends_the_probe() -> None:
    ours, theirs = pair()
    assert ours.next_deadline() == 30
    assert ours.tick(30) == []
    assert ours.tick(35) == []
    (probe,) = sent(ours)
    assert isinstance(probe, codec.EnquireLink)
    theirs.receive_data(codec.encode(probe), 36)
    assert ours.receive_data(theirs.data_to_send(), 36) == [s.PeerAlive()]
    assert ours.next_deadline() == 66


def test_traffic_from_the_peer_puts_the_probe_off() -> None:
    ours, _ = pair()
    ours.receive_data(deliver_sm(b"hello"), 29)
    ours.tick(30)
    assert sent(ours) == []
    assert ours.next_deadline() == 59


def test_an_unanswered_probe_ends_the_session_and_hands_requests_back() -> None:
    ours, _ = pair()
    ours.tick(30)
    submit(ours, context="mine", now=39)
    (over,) = ours.tick(40)
    assert isinstance(over, s.SessionOver)
    assert [request.context for request in over.open_requests] == ["mine"]


def test_a_full_window_does_not_keep_the_probe_back() -> None:
    ours, _ = pair(window_size=1, timers=s.Timers(response_s=120))
    submit(ours)
    ours.data_to_send()
    ours.tick(30)
    assert [pdu.name for pdu in sent(ours)] == ["enquire_link"]


def test_a_pdu_begun_must_be_finished_even_if_octets_trickle() -> None:
    ours, _ = pair()
    frame = deliver_sm(b"hello")
    ours.receive_data(frame[:5], 1)
    ours.receive_data(frame[5:9], 8)
    assert ours.next_deadline() == 11
    assert isinstance(ours.tick(11)[0], s.SessionOver)


def test_each_pdu_has_its_own_time_to_be_finished() -> None:
    ours, _ = pair()
    frame = deliver_sm(b"hello")
    ours.receive_data(frame[:5], 1)
    ours.receive_data(frame[5:] + frame[:5], 8)
    assert ours.tick(17.9) == []
    assert isinstance(ours.tick(18)[0], s.SessionOver)


def test_a_closed_session_wants_no_more_time() -> None:
    ours, _ = pair()
    ours.close("done")
    assert ours.next_deadline() is None
    assert ours.tick(1000) == []
    assert ours.receive_data(deliver_sm(), 1000) == []


# --- the end ----------------------------------------------------------------------------


def test_a_line_lost_behind_the_peers_unbind_hands_requests_back() -> None:
    ours, _ = pair()
    submit(ours, context="mine")
    ours.data_to_send()
    unbind = codec.encode(codec.Unbind(sequence_number=8))
    assert ours.receive_data(unbind, 0) == [s.PeerUnbinds()]
    over = ours.close("lost")
    assert [request.context for request in over.open_requests] == ["mine"]


def test_the_peers_unbind_is_answered_at_once_when_nothing_is_open() -> None:
    ours, _ = pair()
    unbind = codec.encode(codec.Unbind(sequence_number=8))
    (over,) = ours.receive_data(unbind + deliver_sm(b"after the end"), 0)
    assert over == s.SessionOver("the peer unbound", ())
    assert sent(ours) == [codec.UnbindResp(sequence_number=8)]


def test_answers_behind_the_peers_unbind_are_taken_before_it_is_answered() -> None:
    ours, _ = pair()
    first, second = submit(ours, context="first"), submit(ours, context="second")
    ours.data_to_send()
    unbind = codec.encode(codec.Unbind(sequence_number=8))
    unbinds, answered, report = ours.receive_data(unbind + answer(second) + deliver_sm(b"x"), 0)
    assert unbinds == s.PeerUnbinds() and isinstance(report, s.RequestReceived)
    assert isinstance(answered, s.Answered) and answered.request.context == "second"
    assert sent(ours) == []
    with pytest.raises(s.WrongState):
        submit(ours)
    last, over = ours.receive_data(answer(first), 0)
    assert isinstance(last, s.Answered)
    assert over == s.SessionOver("the peer unbound", ())
    assert sent(ours) == [codec.UnbindResp(sequence_number=8)]


def test_silence_behind_the_peers_unbind_is_borne_no_longer_than_any_other() -> None:
    ours, _ = pair()
    submit(ours)
    ours.data_to_send()
    ours.receive_data(codec.encode(codec.Unbind(sequence_number=8)), 1)
    assert ours.next_deadline() == 10
    given_up, over = ours.tick(10)
    assert isinstance(given_up, s.Unanswered) and isinstance(over, s.SessionOver)
    assert sent(ours) == [codec.UnbindResp(sequence_number=8)]


def test_a_delivery_between_unbind_and_its_answer_is_taken() -> None:
    ours, theirs = pair()
    ours.request(codec.Unbind(), now=0)
    (event,) = ours.receive_data(deliver_sm(b"in between"), 0)
    assert isinstance(event, s.RequestReceived)
    ours.answer(event.pdu, codec.DeliverSmResp())
    theirs.receive_data(ours.data_to_send(), 0)
    (over,) = ours.receive_data(theirs.data_to_send(), 0)
    assert over == s.SessionOver("unbound", ())


def test_nothing_is_submitted_after_our_unbind() -> None:
    ours, _ = pair()
    ours.request(codec.Unbind(), now=0)
    with pytest.raises(s.WrongState):
        submit(ours)


def test_closing_twice_hands_requests_back_once() -> None:
    ours, _ = pair()
    submit(ours)
    assert len(ours.close("lost").open_requests) == 1
    assert ours.close("lost").open_requests == ()


def test_an_answer_after_the_end_is_dropped() -> None:
    ours, _ = pair()
    (event,) = ours.receive_data(deliver_sm(b"hello"), 0)
    assert isinstance(event, s.RequestReceived)
    ours.close("lost")
    ours.answer(event.pdu, codec.DeliverSmResp())
    assert ours.data_to_send() == b""


# --- broken peers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (pdu_octets(0xDEAD), codec.GenericNack(command_status=3, sequence_number=5)),
        (pdu_octets(0x0B, b"x\0y\0"), codec.GenericNack(command_status=3, sequence_number=5)),
        (pdu_octets(5, b"cut"), codec.DeliverSmResp(command_status=2, sequence_number=5)),
        (pdu_octets(5), codec.DeliverSmResp(command_status=2, sequence_number=5)),
    ],
)
def test_a_malformed_request_is_answered_and_the_session_goes_on(
    frame: bytes, reply: codec.Pdu
) -> None:
    ours, _ = pair()
    events = ours.receive_data(frame + deliver_sm(b"hello"), 0)
    assert [type(event) for event in events] == [s.MalformedReceived, s.RequestReceived]
    assert sent(ours) == [reply]


def test_an_unreadable_answer_frees_the_window() -> None:
    ours, _ = pair(window_size=1)
    number = ours.request(codec.QuerySm(), now=0, context="mine").sequence_number
    malformed, given_up = ours.receive_data(
        pdu_octets(0x80000003, b"no end", sequence_number=number), 0
    )
    assert isinstance(malformed, s.MalformedReceived)
    assert isinstance(given_up, s.Unanswered)
    assert (given_up.request.context, ours.window_free) == ("mine", 1)


def test_an_unknown_answer_is_not_nacked() -> None:
    ours, _ = pair()
    (event,) = ours.receive_data(pdu_octets(0x80000021, b"x\0"), 0)
    assert isinstance(event, s.MalformedReceived)
    assert sent(ours) == []


def test_an_unreadable_answer_to_the_probe_is_a_sign_of_life() -> None:
    ours, _ = pair()
    ours.tick(30)
    (probe,) = sent(ours)
    broken = pdu_octets(0x80000015, b"\0\1\0\t?", sequence_number=probe.sequence_number)
    assert ours.receive_data(broken, 31) == [s.PeerAlive()]
    assert ours.state is s.State.BOUND
    assert ours.next_deadline() == 61


@pytest.mark.parametrize("length", [0, 2, 15, 70_001, 0xFFFFFFFF])
def test_an_impossible_length_is_nacked_and_ends_the_session(length: int) -> None:
    ours, _ = pair()
    submit(ours, context="mine")
    ours.data_to_send()
    (over,) = ours.receive_data(length.to_bytes(4, "big") + b"\0\0\0\5\0\0\0\0\0\0\0\7", 0)
    assert isinstance(over, s.SessionOver)
    assert [request.context for request in over.open_requests] == ["mine"]
    assert sent(ours) == [codec.GenericNack(command_status=2, sequence_number=7)]


def test_octets_may_come_one_by_one() -> None:
    ours, _ = pair()
    stream = deliver_sm(b"first") + deliver_sm(b"second")
    events = [event for octet in stream for event in ours.receive_data(bytes([octet]), 0)]
    assert [type(event) for event in events] == [s.RequestReceived, s.RequestReceived]


@pytest.mark.parametrize("seed", range(3))
def test_garbage_never_breaks_a_session_and_loses_no_request(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        ours, _ = pair()
        for context in range(10):
            submit(ours, context=context)
        stream = [mutated(codec.encode(chance.choice(EVERY_COMMAND[:10])), chance) for _ in "12345"]
        events = ours.receive_data(b"".join(stream), 1)
        events += ours.tick(100)
        events.append(ours.close("the end"))
        ended: list[Any] = [event.request.context for event in events if hasattr(event, "request")]
        for event in events:
            if isinstance(event, s.SessionOver):
                ended += [request.context for request in event.open_requests]
        assert sorted(context for context in ended if context is not None) == [*range(10)]
