from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """The simulated operator; only its command needs Django."""

    name = "sandbox"
