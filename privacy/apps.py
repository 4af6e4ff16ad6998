from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """What is kept of people, for how long; and what staff did."""

    name = "privacy"

    def ready(self) -> None:
        """Watch what staff do."""
        from privacy.watching import watch

        watch()
