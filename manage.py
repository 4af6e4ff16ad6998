#!/usr/bin/env python
"""Command line of the portal."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run a management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.env import plain_start_up_errors, stand_in_for_required
    from privacy.acting import acting, from_command_line

    stand_in_for_required(sys.argv)
    with plain_start_up_errors(), acting(from_command_line(sys.argv)):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
