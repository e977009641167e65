#!/usr/bin/env python3
"""Django's command line for this platform."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cpaas.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except ModuleNotFoundError as error:
        sys.exit(f"The package {error.name} is missing: remove .venv, then run make again.")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
