"""Bodies of answers, as XML: derived from their JSON. Source: sms-api 1.4.

Everything in XML is text, so numbers and booleans are described by how they are written.
"""

from typing import Any

from sms.api.openapi import schemas
from sms.api.openapi.schemas import Schema
from sms.api.renderers import ATTRIBUTES, element_name

_WRITTEN: dict[str, Schema] = {
    "integer": {"pattern": "^[0-9]+$"},
    "boolean": {"enum": ["true", "false"]},
}
_KEPT = ("description", "pattern", "enum", "const", "examples", "format")


def _types(schema: Schema) -> list[str]:
    named = schema.get("type", "string")
    return [named] if isinstance(named, str) else named


def _text(schema: Schema) -> Schema:
    """Describe a value as it is written."""
    kept = {key: schema[key] for key in _KEPT if key in schema}
    for written in (_WRITTEN[kind] for kind in _types(schema) if kind in _WRITTEN):
        kept = {**{key: kept[key] for key in ("description",) if key in kept}, **written}
    return {"type": "string", **kept}


def _element(schema: Schema) -> Schema:
    """Describe an element and those below it; what is null is left out."""
    if "properties" not in schema:
        return _text(schema)
    shown = {key: below for key, below in schema["properties"].items() if _types(below) != ["null"]}
    always = [
        element_name(key)
        for key, below in shown.items()
        if key in schema["required"] and "null" not in _types(below)
    ]
    return {
        "type": "object",
        "properties": {element_name(key): _element(below) for key, below in shown.items()},
        "required": always,
    }


def _message() -> Schema:
    """Describe a message: unlike other things, it keeps empty elements."""
    element = _element(schemas.MESSAGE)
    below = element["properties"]
    why = {name: below.pop(name) for name in ("ErrorCode", "ErrorMessage")}
    below["Error"] = {"type": "object", "properties": why, "required": list(why)}
    below["DateSent"] = {"type": "string", "description": "Empty until sent or received."}
    return {**element, "required": [*element["required"], "DateSent"]}


def _within(*path: str, last: Schema) -> Schema:
    """Wrap an element in others, the outermost first."""
    for name in reversed(path):
        last = {"type": "object", "properties": {name: last}, "required": [name]}
    return last


def _list(name: str, item: str) -> Schema:
    return {
        "type": "object",
        "properties": {item: {"type": "array", "items": schemas.ref(f"{item}Element")}},
    } | {"description": f"Holds as many {item} elements as there are."}


def _page(name: str, item: str, page: Schema) -> Schema:
    element = _list(name, item)
    attributes = {
        name: {**_text(page["properties"][key]), "xml": {"attribute": True}}
        for name, key in ATTRIBUTES.items()
    }
    properties = {**attributes, **element["properties"]}
    return {**element, "properties": properties, "required": list(attributes)}


def _document(name: str, element: Schema) -> Schema:
    return {**_within(name, last=element), "xml": {"name": "RestcommResponse"}}


_ELEMENTS: dict[str, Schema] = {
    "SMSMessage": _message(),
    "Account": _element(schemas.ACCOUNT),
    "Client": _element(schemas.CLIENT),
    "IncomingPhoneNumber": _element(schemas.INCOMING_PHONE_NUMBER),
}

_SHOWS = {
    "AcceptedMessage": "SMSMessage",
    "Message": "SMSMessage",
    "Account": "Account",
    "Client": "Client",
    "IncomingPhoneNumber": "IncomingPhoneNumber",
}
_LISTS = {"Accounts": "Account", "Clients": "Client"}
_PAGES = {
    "MessagePage": ("SMSMessages", "SMSMessage"),
    "IncomingPhoneNumberPage": ("IncomingPhoneNumbers", "IncomingPhoneNumber"),
}


def _error() -> Schema:
    told = {element_name(key): _text(schemas.ERROR["properties"][key]) for key in _ERROR_KEYS}
    return {"type": "object", "properties": told, "required": list(told)}


_ERROR_KEYS = ("message", "error")

SCHEMAS: dict[str, Any] = {
    **{f"{name}Element": element for name, element in _ELEMENTS.items()},
    **{
        f"{name}Xml": _document(element, schemas.ref(f"{element}Element"))
        for name, element in _SHOWS.items()
    },
    **{f"{name}Xml": _document(name, _list(name, item)) for name, item in _LISTS.items()},
    **{
        f"{name}Xml": _document(list_name, _page(list_name, item, schemas.SCHEMAS[name]))
        for name, (list_name, item) in _PAGES.items()
    },
    "NothingXml": {"type": "object", "maxProperties": 0, "xml": {"name": "RestcommResponse"}},
    "ErrorXml": {**_error(), "xml": {"name": "RestcommResponse"}},
}
