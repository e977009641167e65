"""The doors on HTTP: the API under its three prefixes, pages, and monitoring."""

from django.contrib import admin
from django.urls import include, path

from cpaas.resolving import RememberingResolver

# A suffix may stand on any segment.
SUFFIX = r"(?:\.(?:json|xml))?"

urlpatterns = [
    RememberingResolver(rf"^(?:(?:api|restcomm){SUFFIX}/)?2012-04-24{SUFFIX}/", "sms.api.urls"),
    path("api/", include("sms.api.openapi.pages")),
    path("admin/dashboard/", include("sms.admin.dashboard.page")),
    path("admin/", admin.site.urls),
    path("", include("sms.webphone.pages")),
    path("", include("sms.monitoring.urls")),
]

handler400 = "sms.api.exceptions.bad_request"
handler404 = "sms.api.exceptions.not_found"
handler500 = "sms.api.exceptions.server_error"
