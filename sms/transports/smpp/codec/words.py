"""The words of SMPP: command_ids, command_status values, TLV tags, and the codec's errors."""

from typing import Final

from smpplib import command_codes, consts

RESPONSE_BIT: Final = 0x80000000


class CommandStatus:
    """The command_status values that this package itself writes or tells apart.

    Source: SMPP 3.4 §5.1.3.
    """

    OK: Final[int] = consts.SMPP_ESME_ROK
    INVALID_MESSAGE_LENGTH: Final[int] = consts.SMPP_ESME_RINVMSGLEN
    INVALID_COMMAND_LENGTH: Final[int] = consts.SMPP_ESME_RINVCMDLEN
    INVALID_COMMAND_ID: Final[int] = consts.SMPP_ESME_RINVCMDID
    INVALID_BIND_STATE: Final[int] = consts.SMPP_ESME_RINVBNDSTS
    ALREADY_BOUND: Final[int] = consts.SMPP_ESME_RALYBND
    BIND_FAILED: Final[int] = consts.SMPP_ESME_RBINDFAIL
    INVALID_PASSWORD: Final[int] = consts.SMPP_ESME_RINVPASWD
    INVALID_SYSTEM_ID: Final[int] = consts.SMPP_ESME_RINVSYSID
    QUEUE_FULL: Final[int] = consts.SMPP_ESME_RMSGQFUL
    THROTTLED: Final[int] = consts.SMPP_ESME_RTHROTTLED
    INVALID_SYSTEM_TYPE: Final[int] = consts.SMPP_ESME_RINVSYSTYP
    PERMANENT_APP_ERROR: Final[int] = consts.SMPP_ESME_RX_P_APPN
    INVALID_TLV_STREAM: Final[int] = consts.SMPP_ESME_RINVOPTPARSTREAM


class Tag:
    """Tags of the TLVs we read. Source: SMPP 3.4 §5.3.2."""

    RECEIPTED_MESSAGE_ID: Final[int] = consts.OPTIONAL_PARAMS["receipted_message_id"]
    SAR_MSG_REF_NUM: Final[int] = consts.OPTIONAL_PARAMS["sar_msg_ref_num"]
    SAR_TOTAL_SEGMENTS: Final[int] = consts.OPTIONAL_PARAMS["sar_total_segments"]
    SAR_SEGMENT_SEQNUM: Final[int] = consts.OPTIONAL_PARAMS["sar_segment_seqnum"]
    SC_INTERFACE_VERSION: Final[int] = consts.OPTIONAL_PARAMS["sc_interface_version"]
    NETWORK_ERROR_CODE: Final[int] = consts.OPTIONAL_PARAMS["network_error_code"]
    MESSAGE_PAYLOAD: Final[int] = consts.OPTIONAL_PARAMS["message_payload"]
    MESSAGE_STATE: Final[int] = consts.OPTIONAL_PARAMS["message_state"]


_COMMAND_NAMES: Final[dict[int, str]] = {
    command_id: name for name, command_id in command_codes.commands.items()
}


def command_id_of(name: str) -> int:
    """Look up the command_id of a command of the standard."""
    command_id: int = command_codes.get_command_code(name)
    return command_id


def command_name(command_id: int) -> str:
    """Name a command_id as the standard does; unknown ones in hexadecimal."""
    return _COMMAND_NAMES.get(command_id, f"0x{command_id:08X}")


class MalformedPdu(Exception):
    """A PDU that breaks the rules; `command_status` is what to answer it with."""

    def __init__(
        self, reason: str, command_id: int, sequence_number: int, command_status: int
    ) -> None:
        super().__init__(f"{command_name(command_id)} {sequence_number}: {reason}")
        self.reason = reason
        self.command_id = command_id
        self.sequence_number = sequence_number
        self.command_status = command_status
        self.header = b""
        """Its first octets, which hold nothing private; empty while nobody knows them."""


class UnknownCommand(MalformedPdu):
    """A PDU whose command_id we do not read."""

    def __init__(self, command_id: int, sequence_number: int) -> None:
        super().__init__(
            "unknown command_id", command_id, sequence_number, CommandStatus.INVALID_COMMAND_ID
        )


class InvalidField(ValueError):
    """A value that its field in the PDU cannot hold; never cut to fit."""
