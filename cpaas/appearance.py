"""How the admin looks: its name, colours and side bar, as Unfold reads them."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _page(title: str, icon: str, model: str, view: str = "") -> dict[str, Any]:
    """Make a line of the side bar, shown to who may see the model's rows: to their list, or a view.

    `model` is written as in a permission's name: `sms.message`. `icon` is one of the Material
    Symbols that Unfold brings.
    """
    app, name = model.split(".")

    def permission(request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{app}.view_{name}"))

    link = reverse_lazy(f"admin:{view or f'{app}_{name}_changelist'}")

    def active(request: HttpRequest) -> bool:
        here = place(request.path)
        return here is not None and here[1]["link"] == link

    return {
        "title": title,
        "icon": icon,
        "link": link,
        "permission": permission,
        "active": active,
        "model": model,  # for `title_of`; Unfold reads the others
    }


def _section(title: str, *pages: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(pages)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "cpaas",
    "SITE_HEADER": "cpaas",
    "SITE_SYMBOL": "sms",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("sms/icon.svg")}
    ],
    "SITE_URL": None,  # there is no site beside the admin to return to
    "STYLES": [lambda request: static("sms/admin/admin.css")],
    "DASHBOARD_CALLBACK": "sms.admin.dashboard.page.context",
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "oklch(97.1% .014 243)",
            "100": "oklch(93.6% .032 243)",
            "200": "oklch(88.5% .062 243)",
            "300": "oklch(80.8% .114 243)",
            "400": "oklch(70.7% .165 245)",
            "500": "oklch(62.3% .188 250)",
            "600": "oklch(54.6% .195 255)",
            "700": "oklch(48.8% .180 257)",
            "800": "oklch(42.4% .150 259)",
            "900": "oklch(37.9% .120 260)",
            "950": "oklch(28.2% .091 262)",
        },
    },
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {
                        "title": "Dashboard",
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:index"),
                    }
                ]
            },
            _section(
                "Traffic",
                _page("Messages", "sms", "sms.message"),
                _page("Callbacks", "webhook", "sms.callback"),
                _page("Failing receivers", "cloud_off", "sms.callbackhost"),
            ),
            _section(
                "Network",
                _page("Links", "cell_tower", "sms.link"),
                _page("Routes", "alt_route", "sms.route"),
                _page("Try a number", "travel_explore", "sms.route", "sms_route_try"),
                _page("Registered clients", "perm_phone_msg", "sms.binding"),
            ),
            _section(
                "Customers",
                _page("Accounts", "business_center", "accounts.account"),
                _page("Numbers", "dialpad", "accounts.phonenumber"),
                _page("SIP clients", "headset_mic", "accounts.client"),
                _page("Block list", "block", "sms.block"),
                _page("Opt-outs", "do_not_disturb_on", "sms.optout"),
            ),
            _section(
                "Staff",
                _page("Users", "person", "auth.user"),
                _page("Groups", "group", "auth.group"),
                _page("Audit log", "history", "auditlog.logentry"),
                _page("Log-ins", "login", "axes.accesslog"),
                _page("Failed log-ins", "lock_person", "axes.accessattempt"),
            ),
        ],
    },
}


def place(path: str) -> tuple[str, dict[str, Any]] | None:
    """Find the line of the side bar that leads nearest to a path, and its section."""
    leading = [(section, page) for section, page in _pages() if path.startswith(str(page["link"]))]
    return max(leading, key=lambda found: len(str(found[1]["link"])), default=None)


def title_of(model: str) -> str | None:
    """Say what the side bar calls a model's rows; None where it has no page of them."""
    return next((page["title"] for _, page in _pages() if page["model"] == model), None)


def _pages() -> Iterator[tuple[str, dict[str, Any]]]:
    """List all lines but the dashboard's: every page is under that."""
    for section in UNFOLD["SIDEBAR"]["navigation"][1:]:
        for page in section["items"]:
            yield section["title"], page
