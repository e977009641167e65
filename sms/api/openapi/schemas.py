"""Bodies of answers, as JSON."""

from typing import Any

from django.conf import settings

from accounts.models import Account, PhoneNumber
from sms.api.accounts import SUBRESOURCES
from sms.api.representation import API_VERSION
from sms.causes import causes_of
from sms.errors import ErrorCode
from sms.lifecycle import Direction, Status

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NOT_OFFERED: Schema = {"type": "null", "description": "Belongs to calls."}
FALSE: Schema = {"type": "boolean", "const": False}
BOOLEAN: Schema = {"type": "boolean"}


def _sid(letters: str) -> Schema:
    # Two letters and 32 hexadecimal digits; a sid that came from RestComm may have capitals.
    return {"type": "string", "pattern": f"^{letters}[0-9A-Za-z]{{32}}$"}


def _choice(values: Any, description: str) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values], "description": description}


def _object(properties: dict[str, Schema], *optional: str, **more: Any) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, **more}


DATE: Schema = {
    "type": "string",
    "description": "RFC 2822, UTC, the day without a leading zero.",
    "pattern": "^[A-Z][a-z]{2}, [1-9][0-9]? [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \\+0000$",
    "examples": ["Thu, 4 Jul 2019 07:02:28 +0000"],
}
SENT: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "ISO-8601 with milliseconds, UTC; absent until sent or received.",
    "examples": ["2019-07-04T07:02:28.000Z"],
}
VERSION: Schema = {"type": "string", "const": API_VERSION}
URI: Schema = {"type": "string", "pattern": "^/api/2012-04-24/"}
PAGE_URI: Schema = {**URI, "pattern": "^(null$|/api/2012-04-24/)"}
PRICE = {"price": TEXT, "price_unit": TEXT} if settings.API_SHOWS_PRICE else {}
FAILURE: Schema = {
    "type": ["integer", "null"],
    "enum": [*(int(code) for code in ErrorCode), None],
    "description": "Why it failed; null where it did not.\n\n"
    + "\n".join(f"- {int(code)}: {code.text} ({'; '.join(causes_of(code))})" for code in ErrorCode),
}

_PARTIES = {
    "account_sid": _sid("AC"),
    "from": TEXT,
    "to": TEXT,
    "body": TEXT,
}
_DIRECTION = _choice(Direction, "Who began the message.")
ACCEPTED_MESSAGE = _object(
    {
        "sid": _sid("SM"),
        "date_created": DATE,
        "date_updated": DATE,
        **_PARTIES,
        "status": {"type": "string", "const": str(Status.SENDING)},
        "direction": _DIRECTION,
        **PRICE,
        "api_version": VERSION,
        "uri": URI,
    }
)
MESSAGE = _object(
    {
        "sid": _sid("SM"),
        "date_created": DATE,
        "date_updated": DATE,
        "date_sent": SENT,
        **_PARTIES,
        "status": _choice(Status, "Where the message stands."),
        "direction": _DIRECTION,
        "num_segments": {**NUMBER, "minimum": 1, "description": "Absent for `client:`."},
        "error_code": FAILURE,
        "error_message": TEXT_OR_NULL,
        **PRICE,
        "api_version": VERSION,
        "uri": URI,
    },
    "date_sent",
    "num_segments",
)
ACCOUNT = _object(
    {
        "sid": _sid("AC"),
        "organization": {"type": "null"},
        "friendly_name": TEXT,
        "email_address": TEXT_OR_NULL,
        "type": {"type": "string", "const": "Full"},
        "status": _choice(Account.Status.values, "Whether it may use the platform."),
        "role": _choice(Account.Role.values, "Developer may only read."),
        "date_created": DATE,
        "date_updated": DATE,
        "auth_token": {**TEXT, "description": "Not shown to a reader, unless it is its own."},
        "uri": URI,
        "subresource_uris": _object(dict.fromkeys(SUBRESOURCES, URI)),
    },
    "auth_token",
)
CLIENT = _object(
    {
        "sid": _sid("CL"),
        "date_created": DATE,
        "date_updated": DATE,
        "account_sid": _sid("AC"),
        "api_version": VERSION,
        "friendly_name": TEXT,
        "login": TEXT,
        "status": _choice("10", "`1` enabled, `0` disabled."),
        **dict.fromkeys(
            (
                "voice_url",
                "voice_method",
                "voice_fallback_url",
                "voice_fallback_method",
                "voice_application_sid",
            ),
            NOT_OFFERED,
        ),
        "uri": URI,
        "push_client_identity": NOT_OFFERED,
    }
)
_METHOD = _choice(PhoneNumber.Method.values, "How the address is called.")
INCOMING_PHONE_NUMBER = _object(
    {
        "sid": _sid("PN"),
        "account_sid": _sid("AC"),
        "friendly_name": TEXT,
        "phone_number": TEXT,
        **dict.fromkeys(
            (
                "voice_url",
                "voice_method",
                "voice_fallback_url",
                "voice_fallback_method",
                "status_callback",
                "status_callback_method",
            ),
            NOT_OFFERED,
        ),
        "voice_caller_id_lookup": FALSE,
        "voice_application_sid": NOT_OFFERED,
        "date_created": DATE,
        "date_updated": DATE,
        "sms_url": TEXT_OR_NULL,
        "sms_method": _METHOD,
        "sms_fallback_url": TEXT_OR_NULL,
        "sms_fallback_method": _METHOD,
        **dict.fromkeys(
            (
                "sms_application_sid",
                "ussd_url",
                "ussd_method",
                "ussd_fallback_url",
                "ussd_fallback_method",
                "ussd_application_sid",
            ),
            NOT_OFFERED,
        ),
        "capabilities": _object(
            {
                "voice_capable": FALSE,
                "sms_capable": BOOLEAN,
                "mms_capable": FALSE,
                "fax_capable": FALSE,
            }
        ),
        "api_version": VERSION,
        "uri": URI,
    }
)


def _page(key: str, item: str) -> Schema:
    return _object(
        {
            "page": {**COUNT, "description": "Which page this is, counted from 0."},
            "num_pages": {**COUNT, "description": "`total` divided by `page_size`, rounded down."},
            "page_size": {**NUMBER, "minimum": 1},
            "total": {**COUNT, "description": "How many there are, up to `limit`."},
            "limit": {**NUMBER, "minimum": 1},
            "start": {"type": "string", "pattern": "^[0-9]+$", "description": "First position."},
            "end": {"type": "string", "pattern": "^[0-9]+$", "description": "Last position."},
            "uri": URI,
            "first_page_uri": URI,
            "previous_page_uri": {**PAGE_URI, "description": 'The text `"null"` where none is.'},
            "next_page_uri": {**PAGE_URI, "description": 'The text `"null"` where none is.'},
            "last_page_uri": URI,
            key: {"type": "array", "items": ref(item)},
        }
    )


def ref(name: str) -> Schema:
    """Point to a schema by name."""
    return {"$ref": f"#/components/schemas/{name}"}


ERROR = _object(
    {
        "message": {**TEXT, "minLength": 1, "description": "For people."},
        "error": {
            "type": "string",
            "pattern": "^[A-Z][A-Z_]+$",
            "description": "For programs, such as `FROM_NOT_SMS_ENABLED`, `ACCOUNT_NOT_ACTIVE`, "
            "`SMS_LIMIT_EXCEEDED`, `IDEMPOTENCY_KEY_REUSED`, `PHONE_NUMBER_TAKEN`, "
            "`PASSWORD_TOO_WEAK`; otherwise the name of the status.",
        },
        "code": {**NUMBER, "description": "A number of the error's own, or the status."},
        "status": {**NUMBER, "minimum": 400, "maximum": 599},
    }
)

SCHEMAS: dict[str, Schema] = {
    "AcceptedMessage": ACCEPTED_MESSAGE,
    "Message": MESSAGE,
    "MessagePage": _page("messages", "Message"),
    "Account": ACCOUNT,
    "Accounts": {"type": "array", "items": ref("Account")},
    "Client": CLIENT,
    "Clients": {"type": "array", "items": ref("Client")},
    "IncomingPhoneNumber": INCOMING_PHONE_NUMBER,
    "IncomingPhoneNumberPage": _page("incomingPhoneNumbers", "IncomingPhoneNumber"),
    "Nothing": {"type": "object", "maxProperties": 0},
    "Error": ERROR,
}
