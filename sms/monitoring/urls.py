"""The addresses of health and metrics."""

from django.urls import path
from django.views.decorators.http import require_safe

from sms.monitoring import views

urlpatterns = [
    path("health/live", require_safe(views.live)),
    path("health/ready", require_safe(views.ready)),
    path("health/links", require_safe(views.links)),
    path("health/links/<str:name>", require_safe(views.link)),
    path("metrics", require_safe(views.prometheus)),
]
