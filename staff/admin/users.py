"""Users of the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
)

from cpaas.pages import ModelAdmin
from staff import rights

admin.site.unregister(User)

_RIGHTS = ("is_active", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(DjangosUserAdmin[User], ModelAdmin[User]):  # type: ignore[misc]  # hands get_form on
    """Who may log in here, and what they may do."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "teams", "is_active", "last_login")
    list_filter = ("is_active", "groups", "is_superuser")
    list_per_page = 50
    search_help_text = "A name, or an e-mail address."
    readonly_fields = ("last_login", "date_joined")
    labels = {"is_superuser": "May do everything", "user_permissions": "Single rights"}
    help_texts = {
        "username": "Letters, digits and @ . + - _",
        "is_active": "Off: cannot log in, and is logged out at once.",
        "is_superuser": "Whatever the groups say.",
        "groups": "",
    }
    filter_horizontal = ()  # two lists side by side are wider than a phone
    fieldsets = (
        (None, {"fields": ("username", "password", ("first_name", "last_name"), "email")}),
        (
            "What they may do",
            {
                "fields": _RIGHTS,
                "description": "Groups are enough for most; single rights come on top of them. "
                "Nobody can give a right that he has not himself, or change his own. Who leaves "
                "is set inactive, and is logged out at once: the audit log keeps the name.",
            },
        ),
        ("When", {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("username", "email", "groups", "password1", "password2"),
                "description": "Tell the password in person: it can be changed after the log-in.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read everybody's groups at once."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="name")
    def full_name(self, user: User) -> str:
        """Show both names."""
        return user.get_full_name() or "-"

    @admin.display(description="groups")
    def teams(self, user: User) -> str:
        """List groups, or say that no group is needed."""
        if user.is_superuser:
            return "everything"
        return ", ".join(group.name for group in user.groups.all()) or "none: may do nothing"

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody changes who may more than himself."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or rights.may_change(signed_in(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who leaves is set inactive, so that the audit log keeps the name."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave their own rights alone, and who may do everything to those who do."""
        fixed = super().get_readonly_fields(request, obj)
        if obj is not None and obj.pk == request.user.pk:
            return (*fixed, *_RIGHTS)
        return fixed if signed_in(request).is_superuser else (*fixed, "is_superuser")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what this user may give."""
        if db_field.name == "groups":
            kwargs["queryset"] = rights.groups_within(signed_in(request)).order_by("name")
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        if db_field.name == "user_permissions":
            kwargs["queryset"] = rights.held(signed_in(request)).select_related("content_type")
            kwargs["widget"] = UnfoldAdminSelect2MultipleWidget()
        return searchable(super().formfield_for_manytomany(db_field, request=request, **kwargs))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Let everybody who is made here log in here: there is no other use of a user."""
        obj.is_staff = obj.is_staff or not change
        super().save_model(request, obj, form, change)


def searchable(field: Any) -> Any:
    """Give a field of many choices back the class by which its script finds it; Unfold drops it."""
    if isinstance(field.widget, UnfoldAdminSelect2MultipleWidget):
        field.widget.attrs["class"] = "unfold-admin-autocomplete admin-autocomplete"
        field.help_text = ""  # of keys to hold down
        field.label_from_instance = rights.words
    return field


def signed_in(request: HttpRequest) -> User:
    """Say who asks, as the row that he is."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # the admin lets nobody else in
    return user
