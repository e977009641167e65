"""The project: settings, URLs, and the Celery application. No rules of its own."""

from cpaas.celery import app as celery_app

__all__ = ["celery_app"]
