"""Groups and their rights."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from cpaas.pages import ModelAdmin
from staff import rights
from staff.admin.users import searchable, signed_in

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ModelAdmin[Group]):
    """What the members of each group may do."""

    list_display = ("name", "members", "number_of_rights")
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "who", "permissions"),
                "description": "Support, Operator and Administrator come with the platform. What "
                "is changed here stays so: an upgrade adds only rights that are new.",
            },
        ),
    )
    readonly_fields = ("who",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Count along."""
        counts = {
            "members": Count("user", distinct=True),
            "rights": Count("permissions", distinct=True),
        }
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description="members", ordering="members")
    def members(self, group: Group) -> int:
        """Say how many users it has."""
        return int(getattr(group, "members", 0))

    @admin.display(description="rights", ordering="rights")
    def number_of_rights(self, group: Group) -> int:
        """Say how much its members may."""
        return int(getattr(group, "rights", 0))

    @admin.display(description="members")
    def who(self, group: Group) -> str:
        """Name its users."""
        names = group.user_set.order_by("username").values_list("username", flat=True)
        return ", ".join(names) or "nobody yet"

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Nobody changes a group that may more than himself."""
        return super().has_change_permission(request, obj) and self._is_within(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Nor does anybody delete it."""
        return super().has_delete_permission(request, obj) and self._is_within(request, obj)

    def _is_within(self, request: HttpRequest, group: Group | None) -> bool:
        return (
            group is None or rights.groups_within(signed_in(request)).filter(pk=group.pk).exists()
        )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what this user may give."""
        if db_field.name == "permissions":
            kwargs["queryset"] = rights.held(signed_in(request)).select_related("content_type")
            kwargs["widget"] = UnfoldAdminSelect2MultipleWidget()
        return searchable(super().formfield_for_manytomany(db_field, request=request, **kwargs))
