"""What the admin's pages are made of: Unfold's classes, with the types of Django's."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

if TYPE_CHECKING:  # Unfold has no types, and its classes stand for Django's
    from django.contrib.admin import ModelAdmin as UnfoldAdmin
    from django.contrib.admin import RelatedFieldListFilter as AutocompleteSelectFilter
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as MultipleDropdownFilter
    from django.contrib.admin import StackedInline, TabularInline
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin as UnfoldAdmin
    from unfold.admin import StackedInline, TabularInline
    from unfold.contrib.filters import admin as filters
    from unfold.contrib.filters.admin import DropdownFilter, MultipleDropdownFilter
    from unfold.views import ChangeList

    class AutocompleteSelectFilter(filters.AutocompleteSelectFilter):
        """Looks for the chosen row's name only where an id may be one: SQLite stumbles."""

        def value(self):
            chosen = super().value()
            return chosen if len(str(chosen)) <= 18 else None


__all__ = [
    "AutocompleteSelectFilter",
    "ChangeList",
    "DropdownFilter",
    "Form",
    "ModelAdmin",
    "MultipleDropdownFilter",
    "StackedInline",
    "TabularInline",
]

Row = TypeVar("Row", bound=Model)

_PLAIN = {
    "required": "This is needed.",
    "min_value": "At least %(limit_value)s.",
    "max_value": "At most %(limit_value)s.",
    "max_length": "At most %(limit_value)d characters: these are %(show_value)d.",
}
"""What is wrong with a field, shorter than Django says it."""


def _speak_plainly(fields: Iterable[forms.Field]) -> None:
    for field in fields:
        field.error_messages = {**field.error_messages, **_PLAIN}


class Form(forms.Form):
    """A form that is of no row; what is wrong with it is said as on pages of rows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _speak_plainly(self.fields.values())


class ModelAdmin(UnfoldAdmin[Row]):
    """A page whose history is the audit log's: that knows values, the API and commands, too."""

    compressed_fields = False  # a field's name above it: beside it there is no room for both
    when_empty = ""
    """What its list says while nothing is there, for people who wonder whether that is right."""

    labels: Mapping[str, str] = {}
    help_texts: Mapping[str, str] = {}
    """What fields are called and mean for people, where a column's own words do not say it."""

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Put our words at the fields."""
        ours = {"labels": self.labels, "help_texts": self.help_texts}
        said = {name: dict(words) for name, words in ours.items() if words}
        form = super().get_form(request, obj, change, **{**said, **kwargs})
        _speak_plainly(form.base_fields.values())
        return form

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """Show what the audit log has of one row."""
        kind = ContentType.objects.get_for_model(self.model)
        chosen = urlencode({"content_type__id__exact": str(kind.pk), "object_pk__exact": object_id})
        return HttpResponseRedirect(f"{reverse('admin:auditlog_logentry_changelist')}?{chosen}")

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        """Leave secrets out for who may only look: what is no form shows every value."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj) or obj is None:
            return fieldsets
        return [
            (name, {**options, "fields": self._open(options["fields"])})
            for name, options in fieldsets
        ]

    def _open(self, fields: Any) -> list[Any]:
        """Keep what is no secret, of names and rows of names."""
        secret = {field.name for field in self.model._meta.fields if hasattr(field, "is_secret")}
        rows = ((one,) if isinstance(one, str) else one for one in fields)
        kept = ([name for name in row if name not in secret] for row in rows)
        return [row[0] if len(row) == 1 else row for row in kept if row]

    def log_addition(self, *_: Any) -> Any:
        """Keep no second log: the audit log has it already."""

    def log_change(self, *_: Any) -> Any:
        """Keep no second log: the audit log has it already."""

    def log_deletions(self, *_: Any) -> Any:
        """Keep no second log: the audit log has it already."""
