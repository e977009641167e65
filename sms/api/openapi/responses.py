"""Answers, and errors by status."""

from http import HTTPStatus
from typing import Any

from sms.api.formats import Format
from sms.api.openapi.schemas import ref

Response = dict[str, Any]


def shows(name: str, description: str) -> Response:
    """Describe an answer whose body is called so in schemas.py."""
    media_types = {Format.JSON: ref(name), Format.XML: ref(f"{name}Xml")}
    return {
        "description": description,
        "content": {str(kind): {"schema": schema} for kind, schema in media_types.items()},
    }


_ERRORS: dict[int, str] = {
    400: "A parameter is missing or unusable; `message` names it.",
    401: "The credentials are missing or wrong.",
    403: "The account is not active, its role or its place in the tree does not allow this, or its "
    "messages for today are used up (`SMS_LIMIT_EXCEEDED`), or those of an account above it.",
    404: "There is no such thing, or it is not this account's.",
    406: "`Accept` names neither JSON nor XML.",
    408: "The body did not arrive in time.",
    409: "Somebody else has it already.",
    413: "The body is larger than 10 MB.",
    415: "The body is not a form.",
    422: "The `Idempotency-Key` came with other parameters before.",
    429: "The account makes more requests a second than it may.",
    500: "Something went wrong on our side.",
    503: "The database can not answer right now, or not in time.",
}

_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    429: {
        "Retry-After": {
            "required": True,
            "description": "When to try again, in seconds.",
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


RESPONSES: dict[str, Response] = {
    _name(status): {
        **shows("Error", description),
        **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
    }
    for status, description in _ERRORS.items()
}

ALWAYS = (400, 401, 403, 406, 429, 500, 503)
WITH_FORM = (408, 413, 415)


def errors(*statuses: int) -> dict[str, Response]:
    """Point to the errors that an operation may answer with."""
    named = sorted({*ALWAYS, *statuses})
    return {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in named}
