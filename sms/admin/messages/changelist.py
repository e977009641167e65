"""The list of messages as the admin shows it: a page of a listing, and the way to the next."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from cpaas.pages import ChangeList
from sms.admin.messages import filters, search
from sms.admin.messages.listing import ByDate, BySid, Listing, Messages, Page
from sms.models import Message

AFTER = "after"
"""The parameter that names the last message of the page before."""


@dataclass(frozen=True, slots=True)
class UncountedPages:
    """What Unfold asks of a paginator that does not count."""

    per_page: int
    template_name: str = "sms/admin/messages/pages.html"


class MessageList(ChangeList):
    """Reads one page, by index, and counts nothing."""

    listing: Listing
    page: Page
    wanted: search.Wanted

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out what is no filter."""
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name != AFTER}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Messages:
        """Keep what the filters keep, and prepare the listing."""
        messages = super().get_queryset(request, exclude_parameters).order_by()
        account_id = filters.account_id(request.GET)
        self.wanted = search.wanted(self.query, account_id)
        is_by_date = self.wanted.is_by_date or account_id is not None
        self.listing = Listing(
            messages,
            filters.span(request.GET),
            ByDate() if is_by_date else BySid(),
            self.wanted.paths,
        )
        return messages

    def get_results(self, request: HttpRequest) -> None:
        """Read one page."""
        sid = request.GET.get(AFTER)
        after = Message.objects.filter(sid=sid).first() if sid else None
        self.page = self.listing.page(self.list_per_page, after=after)
        self.result_list = self.page.rows
        self.result_count = len(self.page.rows) + self.page.goes_on
        self.full_result_count = self.result_count  # or a header tells the first as a total
        self.show_full_result_count = False
        self.show_admin_actions = bool(self.page.rows)
        self.can_show_all = self.multi_page = False
        self.paginator = UncountedPages(self.list_per_page)
        self.filter_params.pop(AFTER, None)
        self.is_first = after is None

    @property
    def older_url(self) -> str:
        """Lead to the next page."""
        return self.get_query_string({AFTER: self.page.rows[-1].sid})

    @property
    def newest_url(self) -> str:
        """Lead back to the first."""
        return self.get_query_string()

    @property
    def further_url(self) -> str:
        """Lead on from where the time of a page was over."""
        until = self.page.looked_back_to
        if until is None:
            return ""
        new = {"until_day": f"{until:%Y-%m-%d}", "until_time": f"{until:%H:%M:%S}"}
        return self.get_query_string(new, remove=["when"])
