"""The elements of a document as steps."""

from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element  # nosec B405

from sms.rcml.steps import Note, Redirect, Reply, Step, Unusable

_METHODS = ("POST", "GET")

_OTHER_VERBS: Final = frozenset(
    "dial email enqueue fax gather hangup leave pay pause play prompt record refer reject say "
    "ussdcollect ussdlanguage ussdmessage".split()
)
"""Verbs of calls, USSD and mail. Source: RestComm's RCML verbs."""


def steps_of(root: Element) -> list[Step]:
    """Read the verbs of a `<Response>`, in order, up to the one after which nothing counts.

    Raises Unusable for another root.
    """
    if _name(root) != "response":
        raise Unusable(f"12100 the answer is no RCML: its root is {_shown(root)}")
    steps: list[Step] = []
    if root.text and root.text.strip():
        steps.append(Note("12200 text outside of a verb"))
    for element in root:
        for step in _VERBS.get(_name(element), _other)(element):
            steps.append(step)
            if isinstance(step, Redirect) or (isinstance(step, Note) and step.stops):
                return steps
            if isinstance(step, Reply) and step.action:
                return steps
    return steps


def _message(element: Element) -> Iterator[Step]:
    """Read `<Sms>`, or `<Message>` with its text or its `<Body>`. Source: sms-api 7.3."""
    words = [element.text or ""]
    for child in element:
        if _name(child) == "body":
            words.append("".join(child.itertext()))
        else:
            yield Note(f"14110 {_shown(child)} in {_shown(element)} is not supported")
        words.append(child.tail or "")
    body = "".join(words).strip()
    if not body:
        yield Note(f"14103 {_shown(element)} has no text", stops=True)
        return
    given = {name.lower(): value.strip() for name, value in element.attrib.items()}
    method, remark = _method(given.get("method", ""), "14104")
    yield from remark
    status_method, remark = _method(given.get("statuscallbackmethod", method), "14104")
    yield from remark
    yield Reply(
        body=body,
        sender=given.get("from", ""),
        recipient=given.get("to", ""),
        status_callback=given.get("statuscallback", ""),
        status_callback_method=status_method,
        action=given.get("action", ""),
        method=method,
    )


def _redirect(element: Element) -> Iterator[Step]:
    given = {name.lower(): value.strip() for name, value in element.attrib.items()}
    method, remark = _method(given.get("method", ""), "13710")
    yield from remark
    url = "".join(element.itertext()).strip()
    if url:
        yield Redirect(url, method)
    else:
        yield Note("11100 Redirect has no URL", stops=True)


def _method(given: str, code: str) -> tuple[str, list[Note]]:
    method = given.upper() or "POST"
    if method in _METHODS:
        return method, []
    return "POST", [Note(f"{code} the method {given[:20]!r} is neither POST nor GET; POST")]


def _other(element: Element) -> Iterator[Step]:
    if _name(element) in _OTHER_VERBS:
        yield Note(f"14110 {_shown(element)} is no verb for an SMS")
    else:
        yield Note(f"{_shown(element)} is not known, and was passed over")


_VERBS: Final[dict[str, Callable[[Element], Iterator[Step]]]] = {
    "sms": _message,
    "message": _message,
    "redirect": _redirect,
}


def _name(element: Element) -> str:
    """Name an element without its namespace and case."""
    return str(element.tag).rpartition("}")[2].lower()


def _shown(element: Element) -> str:
    return f"<{str(element.tag).rpartition('}')[2][:40]}>"
