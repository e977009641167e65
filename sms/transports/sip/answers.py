"""Write answers. Source: RFC 3261 §8.2.6."""

from collections.abc import Sequence

from sms.transports.sip.flow import Flow
from sms.transports.sip.message import Headers, Request, Response
from sms.transports.sip.status import REASONS

Rows = Sequence[tuple[str, str]]


def answer_to(
    request: Request, flow: Flow, status: int, *, tag: str, headers: Rows = (), reason: str = ""
) -> Response:
    """Answer a request: its own Via, From, To, Call-ID and CSeq, and what is to be said."""
    vias = request.headers.values("via")
    rows = [("via", _with_source(vias[0], flow)), *(("via", via) for via in vias[1:])]
    rows.append(("from", request.headers.get("from")))
    rows.append(("to", _with_tag(request, tag)))
    rows += [(name, request.headers.get(name)) for name in ("call-id", "cseq")]
    words = reason or REASONS.get(status, "Answer")
    return Response(Headers((*rows, *headers)), status=status, reason=words)


def _with_source(via: str, flow: Flow) -> str:
    """Write into the topmost Via where it came from. Source: RFC 3261 §18.2.1, RFC 3581 §4."""
    params = [part for part in via.split(";") if _name(part) not in ("rport", "received")]
    return ";".join([*params, f"received={flow.host}", f"rport={flow.port}"])


def _name(param: str) -> str:
    return param.partition("=")[0].strip().lower()


def _with_tag(request: Request, tag: str) -> str:
    to = request.headers.get("to")
    if request.party("to").tag:
        return to
    return f"{to};tag={tag}" if to.endswith(">") or ";" in to else f"<{to}>;tag={tag}"
