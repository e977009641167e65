"""Results as people read them."""

from collections.abc import Callable
from typing import NamedTuple

from sms.bench.traffic.runs import Result


class Column(NamedTuple):
    """A head of at most two lines, and what stands below."""

    head: str
    value: Callable[[Result], float | None]
    form: str = ",.0f"


NAME_WIDTH = 28
WIDTH = 11
COLUMNS = (
    Column("accepts/s", lambda result: result.accepts),
    Column("p99 ms", lambda result: result.p99_ms),
    Column("submits/s", lambda result: result.submits),
    Column("callback/s", lambda result: result.callbacks),
    Column("CPU s/1000", lambda result: result.cpu_s_per_1000, ".2f"),
    Column("memory MB", lambda result: result.memory_mb),
    Column("messages", lambda result: result.messages),
    Column("lost", lambda result: result.lost),
    Column("doubled", lambda result: result.doubled),
    Column("cb amiss", lambda result: result.callbacks_amiss),
)


def head() -> str:
    """Name the columns."""
    return " " * NAME_WIDTH + "".join(f"{column.head:>{WIDTH}}" for column in COLUMNS)


def row(name: str, result: Result) -> str:
    """Write one result."""
    return f"{name:<{NAME_WIDTH}}" + "".join(
        f"{_cell(column, result):>{WIDTH}}" for column in COLUMNS
    )


def _cell(column: Column, result: Result) -> str:
    value = column.value(result)
    return "-" if value is None else format(value, column.form)
