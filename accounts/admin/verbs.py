"""What pages share that change things through verbs."""

from typing import Any, TypeVar

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.provisioning.refusals import Refused
from cpaas.pages import ModelAdmin

Row = TypeVar("Row", bound=models.Model)


class VerbAdmin(ModelAdmin[Row]):
    """Shows the reason when a verb refuses, and leaves everything as it was."""

    list_per_page = 50

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add or change; the transaction is undone when this raises."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Row]) -> None:
        """Delete as one by one."""
        for row in queryset:
            self.delete_model(request, row)


def become(row: models.Model, stored: models.Model) -> None:
    """Make the form's row the one that a verb stored."""
    row.pk = stored.pk
    row.refresh_from_db()
