"""The error codes an application sees on a message, and their texts."""

from enum import IntEnum


class ErrorCode(IntEnum):
    """Why a message failed. Source: API document, "SMS-specific error codes"."""

    QUEUE_OVERFLOW = 30001
    ACCOUNT_SUSPENDED = 30002
    UNREACHABLE_HANDSET = 30003
    BLOCKED = 30004
    UNKNOWN_HANDSET = 30005
    UNREACHABLE_CARRIER = 30006
    CARRIER_VIOLATION = 30007
    UNKNOWN = 30008
    MISSING_SEGMENT = 30009
    PRICE_EXCEEDED = 30010
    NO_RESPONSE = 30090

    @classmethod
    def stored(cls, number: int) -> "ErrorCode":
        """Read a code out of a row; what a newer version wrote there reads as UNKNOWN."""
        return cls(number) if number in _TEXTS else cls.UNKNOWN

    @property
    def text(self) -> str:
        """The human-readable error_message of the API document."""
        return _TEXTS[self]


_TEXTS = {
    ErrorCode.QUEUE_OVERFLOW: "Queue overflow",
    ErrorCode.ACCOUNT_SUSPENDED: "Account suspended",
    ErrorCode.UNREACHABLE_HANDSET: "Unreachable destination handset",
    ErrorCode.BLOCKED: "Message blocked",
    ErrorCode.UNKNOWN_HANDSET: "Unknown destination handset",
    ErrorCode.UNREACHABLE_CARRIER: "Landline or unreachable carrier",
    ErrorCode.CARRIER_VIOLATION: "Carrier violation",
    ErrorCode.UNKNOWN: "Unknown error",
    ErrorCode.MISSING_SEGMENT: "Missing segment",
    ErrorCode.PRICE_EXCEEDED: "Message price exceeds max price",
    ErrorCode.NO_RESPONSE: "No Response received for SMPP Request",
}
