"""Public holidays of a country; those of its parts are left out, which no mirrored site tells."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=256)
def holidays_of(country: str, year: int) -> dict[date, str]:
    """Return the national holidays of a year by their names; none of a country that is not known.

    `country` is the operator's two letters for it.
    """
    # Here, not at the top: it takes 15 MB, which no worker needs and few pages do.
    import holidays

    try:
        return dict(holidays.country_holidays(country.upper(), years=year))
    except NotImplementedError:
        return {}


def holiday_names(country: str, days: Iterable[date]) -> dict[date, str]:
    """Return the names of those days that are holidays."""
    if not country:
        return {}
    return {day: name for day in days if (name := holidays_of(country, day.year).get(day))}
