"""What the admin's pages are made of: Unfold's classes, with the types of Django's."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Unfold has no types, and its classes stand for Django's
    from django.contrib.admin import ModelAdmin, StackedInline, TabularInline
else:
    from unfold.admin import ModelAdmin, StackedInline, TabularInline

__all__ = ["ModelAdmin", "StackedInline", "TabularInline"]
