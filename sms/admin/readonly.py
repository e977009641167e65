"""Pages of rows that only the platform writes."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """Nobody adds, changes or deletes a row; what operators may do are orders."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows follow from what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing about what happened is a matter of opinion."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened stays on record, for as long as retention keeps it."""
        return False
