"""Columns of our own, and what is derived from a column."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models

from accounts import sids


class SidField(models.CharField[str, str]):
    """A sid: unique, compared by code point on every engine.

    Unique by a constraint of the model, not `unique=True`: that would add a second
    index for LIKE on PostgreSQL, which nobody asks.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", sids.SID_LENGTH)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: Any) -> Any:
        """Sort by code point: PostgreSQL's default collation does not."""
        collation = "C" if connection.vendor == "postgresql" else None
        return {**super().db_parameters(connection), "collation": collation}


class UrlField(models.CharField[str, str]):
    """An http address, or the empty text.

    Not URLField, which refuses a host without a dot: in a private network many have none.
    """

    default_validators = [RegexValidator(r"\Ahttps?://[^\s/]", "An http or https address.")]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 2048)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


def save_along(options: dict[str, Any], column: str, *derived: str) -> None:
    """Add what is derived from a column to the `update_fields` of a save that names it."""
    named = options.get("update_fields")
    if named is not None and column in named:
        options["update_fields"] = {*named, *derived}
