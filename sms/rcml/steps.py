"""What an application's answer asks for."""

from dataclasses import dataclass, field


class Unusable(Exception):
    """The answer cannot be read at all: as good as none. Its text is for the timeline."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Send a message; what is empty has its default: back to the sender, from our number."""

    body: str = field(repr=False)
    sender: str = ""
    recipient: str = ""
    status_callback: str = ""
    status_callback_method: str = "POST"
    action: str = ""
    """A URL to ask next, instead of what follows in the document."""
    method: str = "POST"
    """For `action`."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the document at another URL; nothing after it counts."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the answer says and that is not done; `text` begins with RestComm's code."""

    text: str
    stops: bool = False
    """Whether nothing after it counts."""


Step = Reply | Redirect | Note
