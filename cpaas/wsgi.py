"""The WSGI application that the web server loads."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cpaas.settings")

application = get_wsgi_application()
import_module("sms.monitoring.recorder").start()
