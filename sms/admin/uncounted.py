"""Lists of tables that grow for ever: read by index, a page at a time, and counted by nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model

from cpaas.pages import ChangeList

PAGE_S: Final = 0.6
"""What reading a page may take, of its second; what takes longer is said to be unread."""

AFTER: Final = "after"
"""The parameter that names the last row of the page before."""


@dataclass(frozen=True, slots=True)
class UncountedPages:
    """What Unfold asks of a paginator that does not count."""

    per_page: int
    template_name: str = "sms/admin/uncounted_pages.html"


class UncountedList(ChangeList):
    """Shows a page, and the way to the next."""

    goes_on = False
    is_first = True
    last_shown = ""
    """Names the last row: what a link to older ones begins after."""

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out what is no filter."""
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name != AFTER}

    def show(self, rows: Sequence[Model], *, goes_on: bool, is_first: bool, last: str) -> None:
        """Show these rows; call it in `get_results`."""
        self.result_list = rows
        self.goes_on, self.is_first, self.last_shown = goes_on, is_first, last
        self.result_count = len(rows) + goes_on
        self.full_result_count = self.result_count  # or a header tells the first as a total
        self.show_full_result_count = False
        self.show_admin_actions = bool(rows)
        self.can_show_all = self.multi_page = False
        self.paginator = UncountedPages(self.list_per_page)
        self.filter_params.pop(AFTER, None)

    @property
    def older_url(self) -> str:
        """Lead to the next page."""
        return self.get_query_string({AFTER: self.last_shown})

    @property
    def newest_url(self) -> str:
        """Lead back to the first."""
        return self.get_query_string()
