"""Connect a carrier: `manage.py addlink NAME --host … --system-id … --password …`."""

import json
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import models

from accounts.management.script import ScriptCommand, store
from sms.models import Link

OPTIONS = (
    "host",
    "port",
    "system_id",
    "password",
    "system_type",
    "window_size",
    "max_tps",
    "response_timeout_s",
    "enquire_link_s",
    "tls",
    "tls_ca",
    "tls_verify",
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


READERS: dict[type[models.Field[Any, Any]], Callable[[str], Any]] = {
    models.PositiveSmallIntegerField: int,
    models.PositiveIntegerField: int,
    models.JSONField: _json,
    models.TextField: _file,
}
"""How an option of a kind of column is read; as it is, where there is no row."""


class Command(ScriptCommand):
    """Add a link; a running supervisor starts its worker within seconds."""

    help = "Add a link to a carrier's SMSC."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add one option a column."""
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and -")
        parser.add_argument("--disabled", action="store_true", help="do not connect yet")
        for name in OPTIONS:
            self._add_option(parser, name)

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the link."""
        given = {name: options[name] for name in OPTIONS if options[name] is not None}
        link = Link(name=options["name"], enabled=not options["disabled"], **given)
        store(link)
        return {"name": link.name, "host": link.host, "port": link.port, "enabled": link.enabled}

    def _add_option(self, parser: ArgumentParser, name: str) -> None:
        column = Link._meta.get_field(name)
        assert isinstance(column, models.Field)  # noqa: S101  # OPTIONS names columns
        option = SHORT.get(name, "--" + name.replace("_", "-"))
        help_text = str(column.help_text).replace("%", "%%") or None
        if isinstance(column, models.BooleanField):
            parser.add_argument(option, action=BooleanOptionalAction, help=help_text)
            return
        parser.add_argument(
            option,
            dest=name,
            type=READERS.get(type(column), str),
            choices=[value for value, _ in column.flatchoices] or None,
            required=name == "host",
            metavar="FILE" if READERS.get(type(column)) is _file else None,
            help=help_text,
        )
