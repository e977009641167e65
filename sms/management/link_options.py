"""The columns of a link as options of the commands that make and change one."""

import json
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import models

from accounts.management.script import secret
from sms.models import Link
from sms.models.failover import FAILOVER_SETTINGS

OPTIONS = (
    "binds",
    "kind",
    "host",
    "port",
    "ws_port",
    "public_host",
    "system_id",
    "password",
    "system_type",
    "address_range",
    "window_size",
    "max_tps",
    "response_timeout_s",
    "enquire_link_s",
    "tls",
    "tls_ca",
    "tls_verify",
    "tls_name",
    "tls_cert",
    "tls_key",
    "bind_mode",
    "service_type",
    "source_ton",
    "source_npi",
    "dest_ton",
    "dest_npi",
    "registered_delivery",
    "send_validity",
    "default_alphabet",
    "long_messages",
    "receipt_id_form",
    "unknown_is_final",
    "one_receipt_wait_s",
    "status_overrides",
    "err_preset",
    "err_overrides",
    "network_error_codes",
    "on_unanswered",
    *FAILOVER_SETTINGS,
)
"""Columns that are options of their own name; an omitted one keeps the column's default."""
SHORT = {"window_size": "--window", "max_tps": "--tps"}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not JSON") from None


def _file(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"cannot read {path}: {error}") from None


READERS: dict[type[models.Field[Any, Any]] | str, Callable[[str], Any]] = {
    models.PositiveSmallIntegerField: int,
    models.PositiveIntegerField: int,
    models.JSONField: _json,
    "password": secret,
    "tls_ca": _file,
    "tls_cert": _file,
    "tls_key": _file,
}
"""How an option of a kind of column, or of this very one, is read; where neither: as it is."""


def add_options(parser: ArgumentParser, *, is_new: bool) -> None:
    """Add one option a column; a new link needs a host."""
    for name in OPTIONS:
        _add_option(parser, name, is_new=is_new)


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Keep the columns that the options name."""
    return {name: options[name] for name in OPTIONS if name in options}


def _add_option(parser: ArgumentParser, name: str, *, is_new: bool) -> None:
    column = Link._meta.get_field(name)
    assert isinstance(column, models.Field)  # noqa: S101  # OPTIONS names columns
    option = SHORT.get(name, "--" + name.replace("_", "-"))
    help_text = _help(column, is_new=is_new).replace("%", "%%")
    if isinstance(column, models.BooleanField):
        parser.add_argument(option, action=BooleanOptionalAction, default=SUPPRESS, help=help_text)
        return
    reader = READERS.get(name) or READERS.get(type(column), str)
    parser.add_argument(
        option,
        dest=name,
        type=_or_none(reader) if column.null else reader,
        default=SUPPRESS,
        choices=[value for value, _ in column.flatchoices] or None,
        required=is_new and name == "host",
        metavar="FILE" if reader is _file else None,
        help=help_text,
    )


def _help(column: models.Field[Any, Any], *, is_new: bool) -> str:
    """Say what a column is for, what its choices mean, and what a new link has without it.

    A form leaves a field empty where a command writes `none`.
    """
    words = [str(column.help_text).replace("Empty:", "none:" if column.null else "Empty:")]
    if READERS.get(column.name) is secret:
        words.append("-: ask for it")
    if isinstance(column, models.CharField):
        words += [f"{value}: {label};" for value, label in column.flatchoices]
    if is_new and column.has_default() and not callable(column.default) and column.default != "":
        words.append(f"(default: {column.default})")
    return " ".join(filter(None, words))


def _or_none(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    """Read `none` as nothing, and the rest as it is read."""

    def read(text: str) -> Any:
        return None if text == "none" else reader(text)

    read.__name__ = reader.__name__  # argparse names it when it refuses
    return read
