"""Adding what one process has counted to what all have."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sms.meters import Key
from sms.outbox.engine import as_rows, engine, run

LONGEST_LABELS = 255


@dataclass(frozen=True, slots=True)
class _Added:
    name: str
    labels: str
    number: str
    value: float


def add_counts(counts: Mapping[Key, float]) -> None:
    """Add to the rows of sms_count; in one order, or two processes would wait for each other."""
    if not counts:
        return
    sql = engine()
    columns = sql.rows(name="text", labels="text", number="text", value="double precision")
    statement = f"""
        INSERT INTO sms_count (name, labels, number, value)
        SELECT r.name, r.labels, r.number, r.value FROM {columns} WHERE true
        ORDER BY r.name, r.labels, r.number
        ON CONFLICT (name, labels, number) DO UPDATE SET value = sms_count.value + excluded.value
    """  # noqa: S608  # fragments of our own; values are parameters
    rows = [
        _Added(name, json.dumps(labels), number, value)
        for (name, labels, number), value in counts.items()
    ]
    run(statement, [as_rows([row for row in rows if len(row.labels) <= LONGEST_LABELS])])
