from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SeriesConfig(AppConfig):
    """Bookings that repeat."""

    name = "series"
    verbose_name = _("Series")

    def ready(self) -> None:
        """Follow the bookings of series, and say on the first screen what needs attention."""
        from boards.today.notices import said
        from bookings.state.listeners import booking_merged, requests_settled
        from series.listeners import follow_merge, follow_moves, wake
        from series.pages.notices import say_clashes

        requests_settled += [follow_moves, wake]
        booking_merged.append(follow_merge)
        said.append(say_clashes)
