"""Between the seam's segments and reports, and the PDUs that carry them. Pure."""

import math
from collections.abc import Mapping

from sms.overrides import StatusOverride
from sms.text import UnsupportedCoding
from sms.transports.base import (
    Accepted,
    Inbound,
    LateAnswer,
    Outbound,
    Receipt,
    Report,
    TransportError,
)
from sms.transports.smpp.address import destination_address, source_address
from sms.transports.smpp.alphabet import data_coding_of, decode, encode
from sms.transports.smpp.codec import CommandStatus, Message, MessageResp, Pdu, SubmitSm
from sms.transports.smpp.long_messages import carry
from sms.transports.smpp.receipts import ID_LIMIT, ReceiptRules, normalise_id, parse_receipt
from sms.transports.smpp.settings import SmppSettings
from sms.transports.smpp.status import failure_for, status_name
from sms.transports.smpp.user_data import UserData, read_user_data

_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60
_MONTH_DAYS = 30


def submit_sm(outbound: Outbound, settings: SmppSettings) -> SubmitSm:
    """Write a segment as a submit_sm, the way its link is set.

    Raises UnicodeEncodeError for characters its encoding lacks.
    """
    source = source_address(outbound.sender, ton=settings.source_ton, npi=settings.source_npi)
    destination = destination_address(
        outbound.recipient, ton=settings.dest_ton, npi=settings.dest_npi
    )
    octets = encode(settings.default_alphabet, outbound.text, outbound.encoding)
    user_data = carry(outbound, octets, way=settings.long_messages)
    return SubmitSm(
        service_type=settings.service_type,
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.value,
        dest_addr_ton=destination.ton,
        dest_addr_npi=destination.npi,
        destination_addr=destination.value,
        esm_class=user_data.esm_class,
        validity_period=relative_time(outbound.expires_in_s) if settings.send_validity else "",
        registered_delivery=settings.registered_delivery,
        data_coding=data_coding_of(outbound.encoding),
        short_message=user_data.short_message,
        tlvs=user_data.tlvs,
    )


def relative_time(seconds: float) -> str:
    """Write a time from now on; empty for 0, which leaves it to the peer.

    Source: SMPP 3.4 §7.1.1.
    """
    if seconds <= 0:
        return ""
    days, rest = divmod(math.ceil(seconds), _DAY_S)
    months, days = divmod(days, _MONTH_DAYS)
    hours, rest = divmod(rest, _HOUR_S)
    minutes, rest = divmod(rest, _MINUTE_S)
    years, months = divmod(months, 12)
    return f"{years:02}{months:02}{days:02}{hours:02}{minutes:02}{rest:02}000R"


def result_of(response: Pdu, overrides: Mapping[int, StatusOverride]) -> Accepted | TransportError:
    """Read the answer to a submit_sm; a generic_nack is one."""
    if response.command_status != CommandStatus.OK or not isinstance(response, MessageResp):
        return failure_for(response.command_status, overrides)
    remote_id = response.message_id[:ID_LIMIT]
    return Accepted(remote_id, normalise_id(remote_id))


def late_answer(key: int, response: Pdu) -> LateAnswer:
    """Read an answer that came after its segment was given up."""
    result = result_of(response, {})
    raw = status_name(response.command_status)
    if isinstance(result, TransportError):
        return LateAnswer(key, raw)
    return LateAnswer(key, raw, result.remote_id, result.remote_key)


def read_report(
    pdu: Message, *, rules: ReceiptRules, alphabet: str, session: str = "", token: int
) -> Report:
    """Read a deliver_sm or data_sm as a receipt or as somebody's message."""
    user_data = read_user_data(pdu)
    # With its header, if it has one: some peers say so of every receipt, whose text would
    # lose its beginning. The fields are found by their names, wherever they stand.
    fields = parse_receipt(
        esm_class=pdu.esm_class, text=pdu.short_message, tlvs=pdu.tlvs, rules=rules
    )
    if fields is None:
        return _inbound(pdu, user_data, alphabet=alphabet, session=session, token=token)
    return Receipt(
        remote_id=fields.remote_id,
        remote_keys=fields.remote_keys,
        status=fields.status,
        code=fields.code,
        raw=fields.raw,
        covers=fields.covers,
        recipient=pdu.source_addr,
        token=token,
    )


def _inbound(
    pdu: Message, user_data: UserData, *, alphabet: str, session: str, token: int
) -> Inbound:
    coding = f"data_coding 0x{pdu.data_coding:02X}"
    try:
        text, remark = decode(alphabet, user_data.octets, pdu.data_coding), ""
    except UnsupportedCoding:
        # Refused, it would be lost: whoever waits for it may know what to do with octets.
        text, remark = user_data.octets.hex(), f"{coding} is no text; its octets in hexadecimal"
    concatenation = user_data.concatenation
    return Inbound(
        sender=pdu.source_addr,
        recipient=pdu.destination_addr,
        text=text,
        part=concatenation.part,
        parts=concatenation.parts,
        reference=concatenation.reference,
        scheme=concatenation.scheme,
        session=session,
        remark=remark,
        raw=coding,
        token=token,
    )
