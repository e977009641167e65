"""What a process of the web server does once, before its first request instead of within it."""

from itertools import chain
from pathlib import Path
from typing import Final

from django.template import engines
from django.template.utils import get_app_template_dirs
from django.urls import reverse

FOLDERS: Final = ("admin", "unfold", "accounts", "auditlog", "sms", "staff")
"""What pages are made of; other folders are of pages that nothing shows."""


def warm_up() -> None:
    """Load every door with its address, and compile the templates of pages."""
    reverse("admin:index")  # reads all that is included, which loads the views
    engine = engines["django"].engine  # type: ignore[attr-defined]  # of Django's own backend
    for folder in chain(engine.dirs, get_app_template_dirs("templates")):
        for name in FOLDERS:
            for template in sorted((Path(folder) / name).rglob("*.html")):
                engine.get_template(template.relative_to(folder).as_posix())
