"""What each error code comes from: one row a cause, with where it is set and a test that shows it.

Shown by `manage.py errorcodes` and, without its last two columns, in the API's documentation.
A test holds the rows to the code: every place that sets a code has one, and each exists.
"""

from typing import NamedTuple

from sms.errors import ErrorCode


class Cause(NamedTuple):
    """One way in which a message comes to an error code."""

    code: ErrorCode
    text: str
    """In words for an application's developer."""
    where: str
    """The module that sets it."""
    test: str
    """A test that sees it happen."""


CAUSES = (
    Cause(
        ErrorCode.QUEUE_OVERFLOW,
        "every link that may carry the number has as much waiting as it may have",
        "sms.routing.table",
        "tests/sms/routing/test_table.py::test_a_full_queue_takes_nothing_although_its_link_is_well",
    ),
    Cause(
        ErrorCode.QUEUE_OVERFLOW,
        "the carrier's queue was full, or it throttled us, until the message's validity ended "
        "(ESME_RMSGQFUL, ESME_RTHROTTLED)",
        "sms.transports.smpp.status",
        "tests/foreign/test_codes.py::test_a_full_peer_is_30001_when_the_validity_ends",
    ),
    Cause(
        ErrorCode.ACCOUNT_SUSPENDED,
        "the account was suspended or closed after the message had been accepted",
        "sms.dispatch.ends",
        "tests/sms/test_dispatch.py::test_a_suspended_account_sends_nothing",
    ),
    Cause(
        ErrorCode.UNREACHABLE_HANDSET,
        "the carrier could not reach the handset, or not before the message expired "
        "(UNDELIV, EXPIRED, err 008 and its like)",
        "sms.transports.smpp.receipts",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNREACHABLE_HANDSET,
        "the carrier could not take it for this handset, several times (ESME_RX_T_APPN)",
        "sms.transports.smpp.status",
        "tests/sms/transports/smpp/test_status.py::test_a_passing_refusal_is_tried_again",
    ),
    Cause(
        ErrorCode.UNREACHABLE_HANDSET,
        "the SIP client is not registered",
        "sms.sweep.unrouted",
        "tests/sms/test_sweep.py::test_a_client_without_an_edge_cannot_be_reached",
    ),
    Cause(
        ErrorCode.UNREACHABLE_HANDSET,
        "the SIP client gave no answer, or said that it is away or busy (408, 480, 486)",
        "sms.transports.sip.status",
        "tests/sms/transports/sip/test_sending.py::test_what_a_client_answers_is_what_the_message_comes_to",
    ),
    Cause(
        ErrorCode.BLOCKED,
        "an operator has blocked the recipient",
        "sms.dispatch.ends",
        "tests/sms/test_blocking.py::test_a_block_stops_what_was_queued_before_it",
    ),
    Cause(
        ErrorCode.BLOCKED,
        "an operator had blocked the recipient when the message came",
        "sms.sweep.unrouted",
        "tests/sms/test_blocking.py::test_a_blocked_post_is_accepted_and_fails_with_30004",
    ),
    Cause(
        ErrorCode.BLOCKED,
        "staff cancelled it while it waited",
        "sms.cancel",
        "tests/sms/test_cancel.py::test_what_waits_fails_with_30004_and_its_url_is_told",
    ),
    Cause(
        ErrorCode.BLOCKED,
        "the carrier refused it (ESME_RX_R_APPN)",
        "sms.transports.smpp.status",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.BLOCKED,
        "the carrier or the handset's network rejected it (REJECTD, err 004 and its like)",
        "sms.transports.smpp.receipts",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.BLOCKED,
        "the SIP client declined it (403, 603)",
        "sms.transports.sip.status",
        "tests/sms/transports/sip/test_sending.py::test_what_a_client_answers_is_what_the_message_comes_to",
    ),
    Cause(
        ErrorCode.UNKNOWN_HANDSET,
        "the carrier does not accept the number (ESME_RINVDSTADR)",
        "sms.transports.smpp.status",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNKNOWN_HANDSET,
        "the network does not know the subscriber (err 001 and its like)",
        "sms.transports.smpp.receipts",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNKNOWN_HANDSET,
        "there is no such SIP client in the sender's tree of accounts",
        "sms.sweep.unrouted",
        "tests/sms/test_sweep.py::test_a_client_without_an_edge_cannot_be_reached",
    ),
    Cause(
        ErrorCode.UNKNOWN_HANDSET,
        "the SIP client does not know the address any more (404, 410, 604)",
        "sms.transports.sip.status",
        "tests/sms/transports/sip/test_sending.py::test_what_a_client_answers_is_what_the_message_comes_to",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "no link carries the number",
        "sms.routing.table",
        "tests/sms/test_sweep.py::test_a_message_without_any_route_fails_with_30006",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "the link was down until the message's validity ended",
        "sms.sweep.waiting",
        "tests/sms/test_sweep.py::test_a_message_whose_validity_ended_in_the_queue_fails",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "the link came up when the message's validity was over",
        "sms.dispatch.ends",
        "tests/sms/test_dispatch.py::test_a_message_past_its_validity_is_not_sent",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "the line was lost before the message left, again and again until its validity ended",
        "sms.transports.smpp.outgoing",
        "tests/sms/test_dispatch.py::test_a_lost_line_and_the_peers_rate_are_not_counted_as_tries",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "the carrier could not pass it on, or refused our bind until the validity ended "
        "(ESME_RDELIVERYFAILURE, ESME_RBINDFAIL)",
        "sms.transports.smpp.status",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "a landline, or a network that takes no SMS (err 010)",
        "sms.transports.smpp.receipts",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "the SIP client takes no messages, or none of this kind (405, 415, 501)",
        "sms.transports.sip.status",
        "tests/sms/transports/sip/test_sending.py::test_what_a_client_answers_is_what_the_message_comes_to",
    ),
    Cause(
        ErrorCode.UNREACHABLE_CARRIER,
        "the SIP edge was stopped or held until the message's validity ended",
        "sms.transports.sip.sender.failures",
        "tests/sms/transports/sip/test_sending.py::test_a_held_edge_hands_back_what_it_is_given",
    ),
    Cause(
        ErrorCode.CARRIER_VIOLATION,
        "the carrier does not allow the sender (ESME_RINVSRCADR)",
        "sms.transports.smpp.status",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.CARRIER_VIOLATION,
        "the carrier found its rules broken (err 231)",
        "sms.transports.smpp.receipts",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the carrier refused it for another reason; the timeline has its words",
        "sms.transports.smpp.status",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the carrier could not deliver it, or deleted it, without a reason that we know",
        "sms.transports.smpp.receipts",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the link's settings leave no way to write it",
        "sms.transports.smpp.outgoing",
        "tests/sms/transports/smpp/test_link.py::test_what_no_pdu_can_hold_fails_alone",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the link cuts long texts in another way since a part of it was sent",
        "sms.dispatch.ends",
        "tests/sms/test_dispatch.py::test_a_message_with_parts_of_two_cuts_fails_and_says_so",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the message's row cannot be made ready to send; the timeline says why",
        "sms.dispatch.dispatcher",
        "tests/sms/test_dispatch.py::test_one_message_that_cannot_be_made_ready_fails_alone",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the SIP client refused it for another reason; the timeline has its words",
        "sms.transports.sip.status",
        "tests/sms/transports/sip/test_sending.py::test_what_a_client_answers_is_what_the_message_comes_to",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the message cannot be written as a SIP request",
        "sms.transports.sip.sender",
        "tests/sms/transports/sip/test_sending.py::test_what_cannot_be_written_fails_alone",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the SIP edge failed over the message",
        "sms.transports.sip.edge",
        "tests/sms/transports/sip/test_sending.py::test_what_the_edge_stumbles_over_fails_alone",
    ),
    Cause(
        ErrorCode.UNKNOWN,
        "the SIP client took it and could not show it (IMDN failed)",
        "sms.transports.sip.server.post",
        "tests/sms/transports/sip/test_saying.py::test_a_device_says_that_it_could_not_show_it",
    ),
    Cause(
        ErrorCode.MISSING_SEGMENT,
        "inbound: parts of a long message never came; the message has the others",
        "sms.receive.storing",
        "tests/sms/receive/test_inbound.py::"
        "test_a_message_that_lacks_a_part_for_too_long_is_stored_without_it",
    ),
    Cause(
        ErrorCode.PRICE_EXCEEDED,
        "every route costs more than the account pays for a message",
        "sms.routing.table",
        "tests/sms/routing/test_table.py::test_one_route_alone_can_be_too_expensive",
    ),
    Cause(
        ErrorCode.NO_RESPONSE,
        "the carrier did not answer; it may have the message, so it is not sent again",
        "sms.dispatch.verdict",
        "tests/foreign/test_codes.py::test_the_api_shows_what_each_answer_and_receipt_means",
    ),
    Cause(
        ErrorCode.NO_RESPONSE,
        "the worker died between sending it and hearing the carrier's answer",
        "sms.sweep.leases",
        "tests/sms/test_sweep.py::test_a_message_that_may_be_out_fails_with_30090",
    ),
)

ADVICE = {
    ErrorCode.QUEUE_OVERFLOW: "See how much waits for the links that carry the number, and what "
    "their carriers allow a second; once there is room, send it again.",
    ErrorCode.ACCOUNT_SUSPENDED: "Nothing of this account is sent until it is active again.",
    ErrorCode.UNREACHABLE_HANDSET: "The handset was off, out of reach or full. Try again later; "
    "where many numbers of one network fail, ask the carrier.",
    ErrorCode.BLOCKED: "If somebody cancelled it, that was all. If a block or a STOP of ours is "
    "named above, it must go first. Otherwise the carrier refuses the number or the text: ask it "
    "by which rule.",
    ErrorCode.UNKNOWN_HANDSET: "Most often the number is wrong or no longer in use: check it with "
    "whoever gave it before it is sent again.",
    ErrorCode.UNREACHABLE_CARRIER: "See whether a route leads to this number and whether its "
    "links are connected. A landline takes no SMS.",
    ErrorCode.CARRIER_VIOLATION: "Check that the carrier has allowed this sender, and this kind "
    "of text.",
    ErrorCode.UNKNOWN: "Give the carrier its own words and its id of the message, both of which "
    "are in the timeline.",
    ErrorCode.MISSING_SEGMENT: "Ask the sender to repeat it, and the carrier for the part.",
    ErrorCode.PRICE_EXCEEDED: "Raise what a message of this account may cost, or give the number "
    "a cheaper route; then send it again.",
    ErrorCode.NO_RESPONSE: "The carrier may have it all the same. Ask it before you send it "
    "again, or the recipient may get it twice.",
}
"""What an operator does about each code."""


def causes_of(code: ErrorCode) -> list[str]:
    """List, in words, what a code comes from."""
    return [cause.text for cause in CAUSES if cause.code is code]
