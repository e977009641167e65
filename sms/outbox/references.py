"""The references by which handsets join the parts of long messages."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sms import months
from sms.outbox.engine import as_ids, as_rows, engine, fetch

_RANGE = 0x10000
"""Of a 16-bit reference; an 8-bit one is its lower half."""


@dataclass(frozen=True, slots=True)
class _Demand:
    recipient_key: str
    start: int
    used: int


@dataclass(frozen=True, slots=True)
class _Reference:
    message_id: int
    reference: int


def refer(recipients: Mapping[int, str], *, worker: str) -> dict[int, int]:
    """Give claimed messages, by id with the key of their recipient, their references.

    Each recipient's references follow one another, in the order of the messages. They are
    on the rows when this returns, so that whoever sends a missing part later has the same.
    Messages whose lease is gone are not among the result.
    """
    if not recipients:
        return {}
    last = _count(Counter(recipients.values()))
    given = []
    for message_id, recipient in reversed(list(recipients.items())):
        given.append(_Reference(message_id, last[recipient]))
        last[recipient] = (last[recipient] - 1) % _RANGE
    return _write(given, worker)


def _count(demand: Mapping[str, int]) -> dict[str, int]:
    """Move recipients' counters on; return the last reference of each.

    Committed on its own, before the messages are written: a reference lost to a crash in
    between is no loss, and no worker waits for another's messages. The counters are locked
    in the order of their keys, so that two workers never wait for each other.
    """
    sql = engine()
    statement = f"""
        INSERT INTO sms_concatenation (recipient_key, start, used, used_on)
        SELECT r.recipient_key, r.start, r.used, CURRENT_DATE
        FROM {sql.rows(recipient_key="text", start="integer", used="integer")}
        WHERE true ORDER BY r.recipient_key
        ON CONFLICT (recipient_key) DO UPDATE
            SET used = (sms_concatenation.used + excluded.used) %% {_RANGE},
                used_on = excluded.used_on
        RETURNING recipient_key, (start + used) %% {_RANGE}
    """  # noqa: S608  # fragments of our own; values are parameters
    rows = [_Demand(key, secrets.randbelow(_RANGE), count) for key, count in demand.items()]
    return dict(fetch(statement, [as_rows(rows)]))


def _write(given: list[_Reference], worker: str) -> dict[int, int]:
    sql = engine()
    ids = [one.message_id for one in given]
    statement = f"""
        UPDATE sms_message SET reference = r.reference
        FROM {sql.rows(message_id="bigint", reference="integer")}
        WHERE sms_message.id = r.message_id AND sms_message.locked_by = %s
          AND {sql.named.format(column="sms_message.id")}
          AND {months.within("sms_message.id", ids)}
        RETURNING sms_message.id, sms_message.reference
    """  # noqa: S608
    return dict(fetch(statement, [as_rows(given), worker, as_ids(ids)]))
