"""The receipts that the simulator sends, and which messages want one."""

from datetime import datetime
from typing import Final

from sms import text as sms_text
from sms.text import UnsupportedCoding
from sms.transports.simulator.behaviour import Behaviour
from sms.transports.simulator.mailbox import Delivery
from sms.transports.smpp.codec import DeliverSm, Message, Tag
from sms.transports.smpp.user_data import read_user_data

_RECEIPT_BITS: Final = 0x03
_ALWAYS: Final = 0x01
_ON_FAILURE: Final = 0x02

_RECEIPT: Final = 0x04


def identity(pdu: Message) -> tuple[str, bytes, int]:
    """Say what makes two submit_sm the same segment, whatever reference they carry."""
    data = read_user_data(pdu)
    return pdu.destination_addr, data.octets, data.concatenation.part


def wants_receipt(pdu: Message, behaviour: Behaviour) -> bool:
    """Read registered_delivery. Source: SMPP 3.4 §5.2.17."""
    wanted = pdu.registered_delivery & _RECEIPT_BITS
    return wanted == _ALWAYS or (wanted == _ON_FAILURE and not behaviour.delivers)


def receipt(
    pdu: Message, message_id: str, *, behaviour: Behaviour, submitted: datetime, done: datetime
) -> Delivery:
    """Write the receipt for a message. Source: SMPP 3.4 §4.6, Appendix B."""
    words = (
        f"id:{message_id} sub:001 dlvrd:{behaviour.delivers:03d} "
        f"submit date:{submitted:%y%m%d%H%M} done date:{done:%y%m%d%H%M} "
        f"stat:{behaviour.stat} err:{behaviour.err} text:{_first_words(pdu)}"
    )
    return Delivery(
        DeliverSm(
            source_addr_ton=pdu.dest_addr_ton,
            source_addr_npi=pdu.dest_addr_npi,
            source_addr=pdu.destination_addr,
            dest_addr_ton=pdu.source_addr_ton,
            dest_addr_npi=pdu.source_addr_npi,
            destination_addr=pdu.source_addr,
            esm_class=_RECEIPT,
            short_message=words.encode("ascii", "replace"),
            tlvs={
                Tag.RECEIPTED_MESSAGE_ID: message_id.encode() + b"\0",
                Tag.MESSAGE_STATE: bytes([behaviour.message_state]),
            },
        ),
        is_receipt=True,
    )


def _first_words(pdu: Message) -> str:
    """Take the first 20 characters; Appendix B has no more."""
    try:
        return sms_text.decode(read_user_data(pdu).octets[:40], pdu.data_coding)[:20]
    except UnsupportedCoding:
        return ""
