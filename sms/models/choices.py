"""Choices and constraints from the enums of the pure rooms."""

from enum import StrEnum

from django.db import models


def choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    """List an enum's members as choices of a field."""
    return [(member.value, member.value.replace("-", " ")) for member in enum]


def one_of(field: str, enum: type[StrEnum], *, name: str) -> models.CheckConstraint:
    """Hold a closed set of values in the database too."""
    values = [member.value for member in enum]
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": values}), name=name)
