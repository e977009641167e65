"""Write deploy/ from the table of processes: `manage.py deployfiles`."""

from typing import Any

from django.core.management.base import BaseCommand

from cpaas.env import BASE_DIR
from sms.supervisor import deployment


class Command(BaseCommand):
    """Write what systemd, containers and foreman run."""

    help = "Write deploy/ from the table of processes."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write every file."""
        for path, content in deployment.files().items():
            file = BASE_DIR / "deploy" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
