"""The Celery application: workers, their boot step, and the doors in `sms.tasks`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cpaas.settings")

app = Celery("cpaas")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery's Django fix-up closes every connection around each task unless this is set, under
# just this name; the pumps mend their own connections.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000_000
app.autodiscover_tasks(["sms"])
app.steps["worker"].add("sms.worker.step:PumpStep")
