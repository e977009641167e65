"""What we send to an account's URL. Source: API document, "Status Callback HTTP Parameters"."""

from typing import Any

from sms.api.form import FORM
from sms.api.openapi import text
from sms.errors import ErrorCode
from sms.lifecycle import Status

_FIELDS: dict[str, Any] = {
    "MessageSid": {"type": "string"},
    "MessageStatus": {
        "type": "string",
        "enum": [
            str(status)
            for status in (Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED)
        ],
    },
    "ErrorCode": {
        "type": "string",
        "enum": [str(int(code)) for code in ErrorCode],
        "description": "Only where it failed.",
    },
    "AccountSid": {"type": "string"},
    "From": {"type": "string"},
    "To": {"type": "string"},
    "Body": {"type": "string"},
}
_ALWAYS = [name for name in _FIELDS if name != "ErrorCode"]

_HEADERS = {
    "webhook-id": "The same at every try of one event: drop what you have seen.",
    "webhook-timestamp": "Seconds since 1970; refuse what is older than five minutes.",
    "webhook-signature": "`v1,` and the Base64 of an HMAC-SHA256 with the account's secret.",
}


def _header(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": name in _ALWAYS, "schema": _FIELDS[name]}


def _request(**more: Any) -> dict[str, Any]:
    return {
        "summary": "What became of a message",
        "description": text.STATUS_CALLBACK,
        "security": [],
        "responses": {
            "2XX": {"description": "Taken; the body is not read."},
            "410": {"description": "Not wanted any more: this event is not sent again."},
        },
        **more,
    }


_SIGNATURE = [_header(name, description) for name, description in _HEADERS.items()]
_FORM = {"type": "object", "properties": _FIELDS, "required": _ALWAYS}

STATUS_CALLBACK = {
    "{$request.body#/StatusCallback}": {
        "post": _request(
            parameters=_SIGNATURE,
            requestBody={"required": True, "content": {FORM: {"schema": _FORM}}},
        ),
        "get": _request(parameters=[*map(_parameter, _FIELDS), *_SIGNATURE]),
    }
}
