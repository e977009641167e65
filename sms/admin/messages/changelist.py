"""The list of messages as the admin shows it: a page of a listing, and the way to the next."""

from typing import Any

from django.http import HttpRequest

from sms.admin.messages import filters, search
from sms.admin.messages.listing import ByDate, BySid, Listing, Messages, Page
from sms.admin.uncounted import AFTER, UncountedList
from sms.models import Message


class MessageList(UncountedList):
    """Reads one page of a listing."""

    listing: Listing
    page: Page
    wanted: search.Wanted

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Messages:
        """Keep what the filters keep, and prepare the listing."""
        messages = super().get_queryset(request, exclude_parameters).order_by()
        account_id = filters.account_id(request.GET)
        self.wanted = search.wanted(self.query, account_id)
        is_by_date = self.wanted.is_by_date or account_id is not None
        self.listing = Listing(
            messages,
            filters.span(request.GET),
            ByDate() if is_by_date else BySid(self.wanted.sids_from or "SM"),
            self.wanted.paths,
        )
        return messages

    def get_results(self, request: HttpRequest) -> None:
        """Read one page."""
        sid = request.GET.get(AFTER)
        after = Message.objects.filter(sid=sid).first() if sid else None
        self.page = self.listing.page(self.list_per_page, after=after)
        rows = self.page.rows
        last = rows[-1].sid if rows else ""
        self.show(rows, goes_on=self.page.goes_on, is_first=after is None, last=last)

    @property
    def further_url(self) -> str:
        """Lead on from where the time of a page was over."""
        until = self.page.looked_back_to
        if until is None:
            return ""
        new = {"until_day": f"{until:%Y-%m-%d}", "until_time": f"{until:%H:%M:%S}"}
        return self.get_query_string(new, remove=["when"])
