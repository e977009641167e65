"""The seam between the platform and its transports.

Frozen dataclasses cross it, in both directions, and nothing else. A transport
owns its sockets and threads; it never sees a model, a setting or the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Protocol

from sms.errors import ErrorCode
from sms.lifecycle import LinkState, Status
from sms.text import Encoding


class Fault(StrEnum):
    """Whose fault it is that a segment was not taken: whether another link would do better."""

    MESSAGE = "message"
    """Its own, or its recipient's: no other link would take it sooner."""
    PEER = "peer"
    """The peer's: another link may take it, and enough of these open the link's circuit."""
    PACE = "pace"
    """We were too fast for the peer: another link may take it, and this one is well."""
    LINE = "line"
    """The line's, for a moment or for long: who sees how long moves the messages."""


class TransportError(Exception):
    """The peer, or the line to it, did not take a segment; it certainly was not sent on.

    `permanent` says that no later try can succeed; otherwise it may be tried again
    after `retry_in_s` seconds, at most `max_tries` times (None: until the validity ends).
    `retries_s` names a wait for each try instead; its last one repeats.
    `raw` is the peer's own word for it, and `fault` says whether others may take it.
    """

    def __init__(
        self,
        code: ErrorCode,
        *,
        permanent: bool,
        raw: str,
        retry_in_s: float = 0.0,
        max_tries: int | None = None,
        retries_s: tuple[float, ...] = (),
        fault: Fault | None = None,
    ) -> None:
        super().__init__(raw)
        self.fault = fault or (Fault.MESSAGE if permanent else Fault.PEER)
        self.code = code
        self.permanent = permanent
        self.raw = raw
        self.retries_s = retries_s or (retry_in_s,)
        self.retry_in_s = self.retries_s[0]
        self.max_tries = max_tries

    @property
    def counts(self) -> bool:
        """Say whether it counts among the tries, by which the wait or the end is found."""
        return len(self.retries_s) > 1 or self.max_tries is not None

    def wait_s(self, tries: int) -> float:
        """Tell how long to wait before the next try, after so many that counted."""
        return self.retries_s[min(tries, len(self.retries_s) - 1)]


class OutcomeUnknown(Exception):
    """The request left and no answer came: the peer may have it or not."""

    def __init__(self, raw: str, *, fault: Fault = Fault.PEER) -> None:
        super().__init__(raw)
        self.raw = raw
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Split:
    """A message's text as it travels over one transport, cut into its segments."""

    encoding: Encoding
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outbound:
    """One segment to send: one submit_sm, one SIP MESSAGE."""

    key: int
    """Ours; names the segment in its outcome, means nothing to the transport."""
    sid: str
    """Of the message; for log lines."""
    sender: str
    recipient: str
    """Digits, or `client:` and a login."""
    text: str = field(repr=False)
    """Of this segment alone."""
    encoding: Encoding
    part: int = 1
    parts: int = 1
    reference: int = 0
    """Concatenation reference shared by the parts of one message, 0 to 65535."""
    expires_in_s: float = 0.0
    """What is left of the validity; 0 leaves it to the peer."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The peer took the segment."""

    remote_id: str
    """As the peer wrote it."""
    remote_key: str
    """The same, in the form that receipts are compared by."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one `Outbound`."""

    key: int
    result: Accepted | TransportError | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An answer that came after its request was given up as `OutcomeUnknown`."""

    key: int
    raw: str
    remote_id: str = ""
    remote_key: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the peer says became of a segment it had accepted."""

    remote_id: str
    """As the peer wrote it."""
    remote_keys: tuple[str, ...]
    """Forms to compare with `Accepted.remote_key`, likeliest first."""
    status: Status | None
    """DELIVERED, UNDELIVERED or FAILED; None for a state on the way."""
    code: ErrorCode | None
    raw: str
    """The peer's own words, without any text of the message: `stat:UNDELIV err:011`."""
    covers: int = 1
    """How many segments of its message the peer says that it speaks of."""
    recipient: str = ""
    """Who had the message, as the peer writes it; empty where it does not say."""
    token: int = 0
    """The transport's; hand it back through `Transport.answer`."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One segment that somebody sent to us."""

    sender: str
    """Digits, a name, or `client:` and a login."""
    recipient: str
    text: str = field(repr=False)
    """Of this segment; may begin or end with half a surrogate pair."""
    part: int = 1
    parts: int = 1
    reference: int = 0
    """Shared by the parts of one message, together with its sender, recipient and scheme."""
    scheme: str = ""
    """What gave the reference: two schemes may use the same one at the same time."""
    session: str = ""
    """Names the connection it came over. A peer that got no answer tries again on another."""
    headers: tuple[tuple[str, str], ...] = ()
    """More for the application to know; they go along to its URL."""
    remark: str = ""
    """What an operator should know of it, for the message's timeline."""
    raw: str = ""
    token: int = 0
    login: str = ""
    """Of the client of ours that sent it, who has shown its password; else empty."""
    request_id: str = ""
    """Of a client's message: the same when it comes again; at most 255 characters."""


Report = Receipt | Inbound


class Refusal(Enum):
    """Why a client's message is not taken, and never will be."""

    UNKNOWN_RECIPIENT = "nobody that it may write to has this name or number"
    NOT_ALLOWED = "its account may not send, or not under this name"
    OVER_LIMIT = "its account has sent enough for today"
    EMPTY = "there is no text"
    TOO_LONG = "the text is too long"


class Sink(Protocol):
    """Where a transport hands things in, from its own thread. Nothing here may block."""

    def outcome(self, outcome: Outcome) -> None:
        """Take the one outcome of an `Outbound`."""

    def late_answer(self, answer: LateAnswer) -> None:
        """Take an answer to an `Outbound` whose outcome was `OutcomeUnknown`."""

    def report(self, report: Report) -> None:
        """Take a receipt or an inbound segment; it is owed a `Transport.answer`."""

    def state(self, state: LinkState, detail: str) -> None:
        """Hear of a change of the connection; `detail` is for an operator's eyes."""

    def room(self) -> None:
        """Hear that `Transport.room` grew after it had been small."""


class Transport(Protocol):
    """One open link. All methods may be called from any thread."""

    def start(self) -> None:
        """Begin to connect; return at once. Connection losses are the transport's to mend."""

    def room(self) -> int:
        """Count the segments it would take now; 0 while it is not connected."""

    def in_flight(self) -> int:
        """Count the segments that wait for the peer's answer."""

    def split(self, body: str, encoding: Encoding) -> Split:
        """Cut a message into the segments that it goes out in. Pure, and quick."""

    def send(self, batch: Sequence[Outbound]) -> None:
        """Take segments. Each ends in exactly one `Sink.outcome`, whatever happens."""

    def hold(self, is_held: bool) -> None:
        """Send nothing while held, and hand back what has not left; receiving goes on."""

    def adopt(self, settings: object) -> bool:
        """Go by new settings from now on; False when they need a connection made anew."""

    def answer(self, reports: Sequence[Report], *, stored: bool) -> None:
        """Tell the peer that reports are safe with us, or that it must bring them again."""

    def refuse(self, refusals: Mapping[int, Refusal]) -> None:
        """Tell the senders of inbound messages, by token, that they are not taken, and why."""

    def stop(self, *, drain_s: float) -> None:
        """Wait up to `drain_s` seconds for answers, say good-bye, close.

        When it returns, every segment taken has had its outcome.
        """
