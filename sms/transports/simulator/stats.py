"""What the simulator counts."""

from dataclasses import dataclass


@dataclass(slots=True)
class Stats:
    """What happened since the start."""

    binds_total: int = 0
    binds_refused: int = 0
    submits: int = 0
    accepted: int = 0
    refused: int = 0
    throttled: int = 0
    unanswered: int = 0
    duplicates: int = 0
    receipts_sent: int = 0
    receipts_acked: int = 0
    mo_sent: int = 0
    mo_acked: int = 0
