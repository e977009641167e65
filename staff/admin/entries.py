"""The audit log, to read and to search."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters.admin import RangeDateTimeFilter

from cpaas.pages import ChangeList, ModelAdmin

admin.site.unregister(LogEntry)

DID: Final = {
    LogEntry.Action.CREATE: "created",
    LogEntry.Action.UPDATE: "changed",
    LogEntry.Action.DELETE: "deleted",
    LogEntry.Action.ACCESS: "read",
}
_SPOKEN: Final = {"None": "", "True": "yes", "False": "no"}
_EMPTY = ("", "None", "False", "[]", "{}")
MOST_FOUND: Final = 2000
"""Entries that anybody leafs through."""

SHOWN_CHANGES = 3
SHOWN_LENGTH = 40
"""Of the list; the page of an entry shows all."""


class KindFilter(admin.SimpleListFilter):
    """Entries about one kind of thing."""

    title = "about"
    parameter_name = "content_type__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name what this reader may see."""
        kinds = sorted(_visible(request), key=lambda kind: kind.name)
        return [(str(kind.pk), kind.name.capitalize()) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        """Keep its entries."""
        value = self.value() or ""
        return queryset.filter(content_type=value) if value.isdecimal() else queryset


class EntryList(ChangeList):
    """Searches the newest of what the filters keep, and says how far back that goes."""

    most_searched = 50_000
    """Entries that one search reads: what it looks at has no index."""

    searched_back_to: datetime | None = None
    """Where older entries are left unread; none where all were read."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: Any = None
    ) -> QuerySet[LogEntry]:
        """Keep what the filters keep, and of these what is searched for."""
        entries: QuerySet[LogEntry] = super().get_queryset(request, exclude_parameters)
        if not self.query:
            return entries
        newest = entries.order_by("-timestamp").values_list("timestamp", flat=True)
        self.searched_back_to = newest[self.most_searched : self.most_searched + 1].first()
        if self.searched_back_to:
            entries = entries.filter(timestamp__gte=self.searched_back_to)
        by_words = admin.ModelAdmin.get_search_results
        found, _ = by_words(self.model_admin, request, entries, self.query)
        # Listed and counted by their keys, or each would search again.
        return entries.filter(pk__in=list(found.values_list("pk", flat=True)[:MOST_FOUND]))

    @property
    def reach(self) -> str:
        """Say how many entries a search reads."""
        return f"{self.most_searched:,}"

    @property
    def further_url(self) -> str:
        """Search what is older; the time is in seconds, and the last one may be read in part."""
        if self.searched_back_to is None:
            return ""
        until = self.searched_back_to + timedelta(seconds=1)
        new = {"timestamp_to_0": f"{until:%Y-%m-%d}", "timestamp_to_1": f"{until:%H:%M:%S}"}
        return self.get_query_string(new, remove=["p"])


@admin.register(LogEntry)
class EntryAdmin(ModelAdmin[LogEntry]):
    """Who did what to which row: of rows that the reader may see."""

    list_display = ("at", "whence", "did", "about", "summary")
    list_display_links = ("at",)
    list_select_related = ("content_type", "actor")
    list_filter = (KindFilter, "action", ("timestamp", RangeDateTimeFilter))
    list_filter_submit = True
    list_per_page = 50
    list_before_template = "staff/searched.html"
    search_fields = (
        "content_type__model",
        "object_repr",
        "additional_data",
        "changes",
        "remote_addr",
    )
    search_help_text = "A kind, name, value, address or deed"
    ordering = ("-timestamp", "-id")
    sortable_by = ()
    fields = ("at", "who", "remote_addr", "did", "about", "all_changes")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """Keep to what the reader may see: nobody reads about users who may not look at them."""
        kinds = [kind.pk for kind in _visible(request)]
        return super().get_queryset(request).filter(content_type__in=kinds)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[EntryList]:
        """Search within bounds."""
        return EntryList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LogEntry], search_term: str
    ) -> tuple[QuerySet[LogEntry], bool]:
        """Leave searching to the list, which bounds it."""
        return queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say what the list is, or whose history it shows."""
        title = "Audit log"
        pk, kind = (
            request.GET.get(f"{name}__exact", "") for name in ("object_pk", "content_type__id")
        )
        if pk and kind.isdecimal():
            first = self.get_queryset(request).filter(object_pk=pk, content_type=kind)
            entry = first.order_by("-timestamp").first()
            title = f"History of {entry.object_repr}" if entry else "No history yet"
        return super().changelist_view(request, {**(extra_context or {}), "title": title})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Entries follow from what people do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        """What was done stays done."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        """Entries go when they are old enough."""
        return False

    @admin.display(description="when (UTC)", ordering="timestamp")
    def at(self, entry: LogEntry) -> SafeString:
        """Write the time to the second, in one line."""
        at = f"{entry.timestamp:%Y-%m-%d %H:%M:%S}"
        return format_html('<span class="whitespace-nowrap">{}</span>', at)

    @admin.display(description="who")
    def who(self, entry: LogEntry) -> str:
        """Name a user, an account or a command, as they were called then."""
        told = (entry.additional_data or {}).get("by")
        return str(told or entry.actor or "the platform")

    @admin.display(description="who, from where")
    def whence(self, entry: LogEntry) -> SafeString:
        """Name who it was, and the address that it came from."""
        return format_html(
            "<div>{}<small>{}</small></div>", self.who(entry), entry.remote_addr or ""
        )

    @admin.display(description="did")
    def did(self, entry: LogEntry) -> str:
        """Say it in a word."""
        return str((entry.additional_data or {}).get("did") or DID[entry.action])

    @admin.display(description="what")
    def about(self, entry: LogEntry) -> str | SafeString:
        """Link to the row, where there is a page of it and it is still there."""
        kind = entry.content_type
        text = f"{kind.name} {entry.object_repr}" if entry.object_pk else kind.name + "s"
        if not entry.object_pk or entry.action == LogEntry.Action.DELETE:
            return text
        try:
            page = f"admin:{kind.app_label}_{kind.model}_change"
            return format_html('<a href="{}">{}</a>', reverse(page, args=[entry.object_pk]), text)
        except NoReverseMatch:
            return text

    @admin.display(description="changes")
    def summary(self, entry: LogEntry) -> SafeString | str:
        """Write the first changes, each with before and after."""
        changes = list(_changes(entry))
        shown = [
            (name, _short(before), _short(after)) for name, before, after in changes[:SHOWN_CHANGES]
        ]
        more = f" and {len(changes) - len(shown)} more" if len(changes) > len(shown) else ""
        return (
            format_html('<div class="changes">{}{}</div>', _lines(shown, entry), more)
            if shown
            else "-"
        )

    @admin.display(description="changes")
    def all_changes(self, entry: LogEntry) -> SafeString | str:
        """Write every change on a line."""
        return _lines(list(_changes(entry)), entry) or "-"


def _visible(request: HttpRequest) -> list[ContentType]:
    """List the kinds of things that somebody may see."""
    is_recorded = Exists(LogEntry.objects.filter(content_type=OuterRef("pk")))
    return [
        kind
        for kind in ContentType.objects.filter(is_recorded)
        if request.user.has_perm(f"{kind.app_label}.view_{kind.model}")
    ]


def _changes(entry: LogEntry) -> Iterator[tuple[str, str, str]]:
    """Read the changes of an entry: field, before, after; of a new row what is not empty."""
    is_new = entry.action == LogEntry.Action.CREATE
    model = entry.content_type.model_class()
    changes = [(_label(model, name), change) for name, change in (entry.changes or {}).items()]
    for name, change in sorted(changes, key=lambda pair: pair[0]):
        if is_new and change[-1] in _EMPTY:
            continue
        if isinstance(change, dict):  # of a relation to many
            some = ", ".join(change["objects"])
            is_added = change["operation"] == "add"
            yield (name, "nothing", some) if is_added else (name, some, "nothing")
        else:
            before, after = (_SPOKEN.get(str(value), str(value)) for value in change)
            yield name, before or "nothing", after or "nothing"


def _label(model: type[Model] | None, column: str) -> str:
    """Call a column what the form calls it by which people change it."""
    page = admin.site.get_model_admin(model) if model and admin.site.is_registered(model) else None
    if label := getattr(page, "labels", {}).get(column):
        return str(label)
    if (field := getattr(page and page.form, "base_fields", {}).get(column)) and field.label:
        return str(field.label)
    columns = {field.name: field for field in model._meta.get_fields()} if model else {}
    words = getattr(columns.get(column), "verbose_name", "") or column.replace("_", " ")
    return str(capfirst(words))


def _lines(changes: list[tuple[str, str, str]], entry: LogEntry) -> SafeString:
    """Write changes on a line each; what a new row holds was nothing before."""
    if entry.action == LogEntry.Action.CREATE:
        held = [(name, after) for name, _, after in changes]
        return format_html_join("", "<div><strong>{}</strong>: {}</div>", held)
    return format_html_join("", "<div><strong>{}</strong>: {} → {}</div>", changes)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"
