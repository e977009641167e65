"""The list of callbacks: newest first, by key, counted by nobody, and stopped in time."""

from typing import Any

from django.http import HttpRequest

from cpaas.pages import ChangeList
from sms.admin.messages.changelist import AFTER, UncountedPages
from sms.admin.messages.listing import PAGE_S
from sms.models import Callback
from sms.patience import OutOfTime, bounded


class CallbackList(ChangeList):
    """Reads one page, and one row more to know whether there is another."""

    rows: list[Callback]
    goes_on = False
    is_first = True
    is_out_of_time = False
    further_url = ""

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out what is no filter."""
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name != AFTER}

    def get_results(self, request: HttpRequest) -> None:
        """Read one page."""
        after = request.GET.get(AFTER, "")
        size = self.list_per_page
        rows = self.queryset.filter(pk__lt=int(after)) if after.isdecimal() else self.queryset
        try:
            with bounded(PAGE_S):
                found = list(rows.order_by("-pk")[: size + 1])
        except OutOfTime:
            found, self.is_out_of_time = [], True
        self.rows, self.goes_on = found[:size], len(found) > size
        self.is_first = not after
        self.result_list = self.rows
        self.result_count = len(found)
        self.full_result_count = self.result_count  # or a header tells the first as a total
        self.show_full_result_count = False
        self.show_admin_actions = bool(found)
        self.can_show_all = self.multi_page = False
        self.paginator = UncountedPages(size)
        self.filter_params.pop(AFTER, None)

    @property
    def older_url(self) -> str:
        """Lead to the next page."""
        return self.get_query_string({AFTER: self.rows[-1].pk})

    @property
    def newest_url(self) -> str:
        """Lead back to the first."""
        return self.get_query_string()
