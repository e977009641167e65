"""What becomes of a message in the simulator: its destination's last five digits decide."""

from dataclasses import dataclass
from typing import Final

OK: Final = 0x00
THROTTLED: Final = 0x58  # ESME_RTHROTTLED


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The answer to a submit_sm, and the receipt after it."""

    answer: int | None = OK
    """command_status; None leaves the request without an answer."""
    stat: str = "DELIVRD"
    message_state: int = 2
    err: str = "000"

    @property
    def delivers(self) -> bool:
        """The message reaches its handset."""
        return self.stat == "DELIVRD"


_DELIVERED: Final = Behaviour()

_BY_ERROR_CODE: Final = {
    "30001": Behaviour(answer=0x14),  # ESME_RMSGQFUL
    "30003": Behaviour(stat="UNDELIV", message_state=5, err="011"),
    "30004": Behaviour(stat="REJECTD", message_state=8, err="004"),
    "30005": Behaviour(answer=0x0B),  # ESME_RINVDSTADR
    "30006": Behaviour(answer=0xFE),  # ESME_RDELIVERYFAILURE
    "30007": Behaviour(answer=0x0A),  # ESME_RINVSRCADR
    "30008": Behaviour(stat="UNDELIV", message_state=5, err="045"),
    "30090": Behaviour(answer=None),
}


def behaviour_for(destination: str) -> Behaviour:
    """Look up what happens to a message for `destination`."""
    return _BY_ERROR_CODE.get(destination[-5:], _DELIVERED)


REFUSED_FOR_NOW: Final = Behaviour(answer=THROTTLED)
