"""The PDUs as classes, one a command."""

from dataclasses import dataclass, field
from typing import ClassVar

from smpplib import consts

from sms.transports.smpp.codec.words import CommandStatus, command_id_of


@dataclass(slots=True, repr=False, kw_only=True)
class Pdu:
    """One PDU. Its repr is the header alone: no password, number or text leaks by it."""

    name: ClassVar[str] = ""
    command_id: ClassVar[int] = 0
    bare_when_refused: ClassVar[bool] = False
    """The body is left out when command_status is not zero. Source: SMPP 3.4 §4.1.2, §4.4.2."""

    command_status: int = CommandStatus.OK
    sequence_number: int = 0
    tlvs: dict[int, bytes] = field(default_factory=dict)
    """Every TLV by its tag, known to us or not, with its raw octets."""

    def __init_subclass__(cls) -> None:
        if cls.name:
            cls.command_id = command_id_of(cls.name)

    def __repr__(self) -> str:
        return f"<{self.name} {self.sequence_number} status 0x{self.command_status:02X}>"


@dataclass(slots=True, repr=False, kw_only=True)
class Bind(Pdu):
    """Source: SMPP 3.4 §4.1."""

    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = consts.SMPP_VERSION_34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class BindTransmitter(Bind):
    name = "bind_transmitter"


class BindReceiver(Bind):
    name = "bind_receiver"


class BindTransceiver(Bind):
    name = "bind_transceiver"


@dataclass(slots=True, repr=False, kw_only=True)
class BindResp(Pdu):
    """Source: SMPP 3.4 §4.1.2."""

    bare_when_refused = True

    system_id: str = ""


class BindTransmitterResp(BindResp):
    name = "bind_transmitter_resp"


class BindReceiverResp(BindResp):
    name = "bind_receiver_resp"


class BindTransceiverResp(BindResp):
    name = "bind_transceiver_resp"


@dataclass(slots=True, repr=False, kw_only=True)
class Message(Pdu):
    """What submit_sm, deliver_sm and data_sm have in common."""

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    short_message: bytes = b""
    """Always empty in data_sm, which carries its text in message_payload."""


@dataclass(slots=True, repr=False, kw_only=True)
class ShortMessage(Message):
    """Source: SMPP 3.4 §4.4, §4.6."""

    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    replace_if_present_flag: int = 0
    sm_default_msg_id: int = 0


class SubmitSm(ShortMessage):
    name = "submit_sm"


class DeliverSm(ShortMessage):
    name = "deliver_sm"


class DataSm(Message):
    """Source: SMPP 3.4 §4.7."""

    name = "data_sm"


@dataclass(slots=True, repr=False, kw_only=True)
class MessageResp(Pdu):
    """Source: SMPP 3.4 §4.4.2, §4.6.2, §4.7.2."""

    message_id: str = ""


class SubmitSmResp(MessageResp):
    name = "submit_sm_resp"
    bare_when_refused = True


class DeliverSmResp(MessageResp):
    name = "deliver_sm_resp"


class DataSmResp(MessageResp):
    name = "data_sm_resp"


@dataclass(slots=True, repr=False, kw_only=True)
class QuerySm(Pdu):
    """Source: SMPP 3.4 §4.8."""

    name = "query_sm"

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


@dataclass(slots=True, repr=False, kw_only=True)
class QuerySmResp(Pdu):
    """Source: SMPP 3.4 §4.8.2."""

    name = "query_sm_resp"

    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


class Unbind(Pdu):
    name = "unbind"


class UnbindResp(Pdu):
    name = "unbind_resp"


class EnquireLink(Pdu):
    name = "enquire_link"


class EnquireLinkResp(Pdu):
    name = "enquire_link_resp"


class GenericNack(Pdu):
    name = "generic_nack"
