"""The list of callbacks: newest first, by key, and stopped in time."""

from django.http import HttpRequest

from sms.admin.uncounted import AFTER, PAGE_S, UncountedList
from sms.patience import OutOfTime, bounded


class CallbackList(UncountedList):
    """Reads one page, and one row more to know whether there is another."""

    is_out_of_time = False

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
        shown = found[:size]
        last = str(shown[-1].pk) if shown else ""
        self.show(shown, goes_on=len(found) > size, is_first=not after, last=last)
