from django.apps import AppConfig


class ShellConfig(AppConfig):
    """What every page has: its frame, formats and limits."""

    name = "shell"
