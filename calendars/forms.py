"""What comes in from the page of calendars."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calendars.feeds import sites_to_pick
from drivers.models import Driver, Fleet
from drivers.permissions import current_drivers, matching_drivers
from mirror.search import with_words
from shell.plain_text import OneLines
from sites.models import Location
from upstream.emails import email_spellings

MOST_SUGGESTIONS = 200
MOST_NAMED = 5

Row = TypeVar("Row", bound=Model)


class FeedForm(OneLines, forms.Form):
    """Which bookings a new calendar holds. Sites and drivers are named, since there may be many."""

    scope = forms.ChoiceField(
        label=_("Which bookings"),
        choices=[
            ("all", _("All bookings of the fleet")),
            ("site", _("Bookings at one site")),
            ("driver", _("Bookings of one driver")),
        ],
        initial="all",
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please pick which bookings."),
            "invalid_choice": _("Please pick one of these."),
        },
    )
    site = forms.CharField(
        label=_("Site"),
        max_length=200,
        required=False,
        help_text=_("The site's name, for bookings at one site."),
        widget=forms.TextInput(attrs={"list": "feed-sites", "autocomplete": "off"}),
    )
    driver = forms.CharField(
        label=_("Driver"),
        max_length=200,
        required=False,
        help_text=_("Name or e-mail, for bookings of one driver."),
        widget=forms.TextInput(attrs={"list": "feed-drivers", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, fleet: Fleet) -> None:
        super().__init__(data)
        self.fleet = fleet

    def clean(self) -> dict[str, Any]:
        """Find the site or the driver that is named; `of_site`, `of_driver` are rows."""
        data = super().clean() or {}
        scope = data.get("scope")
        data["of_site"] = self._site(data.get("site", "")) if scope == "site" else None
        data["of_driver"] = self._driver(data.get("driver", "")) if scope == "driver" else None
        return data

    def suggested_sites(self) -> QuerySet[Location]:
        return sites_to_pick(self.fleet)[:MOST_SUGGESTIONS]

    def suggested_drivers(self) -> QuerySet[Driver]:
        return matching_drivers(self.fleet, "")[:MOST_SUGGESTIONS]

    def _site(self, text: str) -> Location | None:
        sites = sites_to_pick(self.fleet)
        matching = with_words(sites, text)
        return self._only("site", text, sites.filter(name=text), matching, name_of_site)

    def _driver(self, text: str) -> Driver | None:
        named = current_drivers(self.fleet).filter(email__in=email_spellings(text))
        return self._only(
            "driver", text, named, matching_drivers(self.fleet, text), lambda driver: driver.email
        )

    def _only(
        self,
        field: str,
        text: str,
        named: QuerySet[Row],
        matching: QuerySet[Row],
        name_of: Callable[[Row], str],
    ) -> Row | None:
        if not text:
            self.add_error(field, gettext("Please enter a name."))
            return None
        exact = list(named[:2])
        found = exact if len(exact) == 1 else list(matching[: MOST_NAMED + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            self.add_error(field, gettext("Nothing in your fleet matches."))
        else:
            names = ", ".join([*map(name_of, found[:MOST_NAMED]), "…"][: len(found)])
            problem = gettext("Several match: %(names)s. Please type more.") % {"names": names}
            self.add_error(field, problem)
        return None


def name_of_site(site: Location) -> str:
    return f"{site.name} ({site.address})" if site.address else site.name
