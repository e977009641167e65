"""How long a list may keep the database busy."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from rest_framework import exceptions

from sms import patience


class TooSlow(exceptions.APIException):
    """No index serves what the list was asked to keep."""

    status_code = 503
    default_detail = (
        "The list took too long. Narrow it by StartTime and EndTime, by From or by To, "
        "or leave SortBy out."
    )
    default_code = "LIST_TIMEOUT"


@contextmanager
def bounded() -> Iterator[None]:
    """Stop each statement within that runs for LIST_TIMEOUT_S. Raises TooSlow."""
    try:
        with patience.bounded(settings.LIST_TIMEOUT_S):
            yield
    except patience.OutOfTime as error:
        raise TooSlow from error
