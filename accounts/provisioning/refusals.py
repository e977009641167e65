"""Why a verb did nothing: the caller's fault, in a sentence that the caller may read."""


class Refused(Exception):
    """A rule forbids it; `field` is to blame, where one is.

    `error` is a word for programs, where there is one.
    """

    def __init__(self, message: str, *, field: str = "", error: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.message = message
        self.field = field
        self.error = error


class Taken(Refused):
    """Somebody else has it already."""


class Missing(Refused):
    """The account has no such thing."""
