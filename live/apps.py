from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Tells open pages at once that what they show has changed."""

    name = "live"

    def ready(self) -> None:
        from live.announcing import listen

        listen()
