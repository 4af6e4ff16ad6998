"""What the list of vehicles shows of batteries and plugs."""

from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from drivers.models import Fleet
from energy.models import VehicleNow
from energy.pages.vehicle_panel import plug_words, source_text
from energy.selectors.vehicles import VehicleFacts, vehicle_facts
from energy.wording import percent
from shell.formats import age_text
from vehicles.models import Vehicle
from vehicles.pages.columns import Cell, Columns, Heading
from vehicles.selectors import BY_NUMBER


def cells(vehicles: Sequence[Vehicle]) -> dict[int, list[Cell]]:
    now = timezone.now()
    known = vehicle_facts(vehicles, now=now)
    return {
        pk: [
            _charge_cell(facts, age_text(facts.state_of_charge.at, now)),
            Cell(plug_words(facts), age_text(facts.plugged_in_at, now)),
        ]
        for pk, facts in known.items()
    }


def wanted(fleet: Fleet) -> bool:
    """Return whether anything is known of any of a fleet's vehicles."""
    return VehicleNow.objects.filter(vehicle__fleet=fleet).exists()


def _charge_cell(facts: VehicleFacts, age: str) -> Cell:
    state = facts.state_of_charge
    if state.percent is None:
        return Cell(_("unknown"))
    return Cell(percent(state.percent), ", ".join(filter(None, [source_text(state.source), age])))


# The emptiest first; what is not known comes last.
COLUMNS = Columns(
    headings=(
        Heading(
            gettext_lazy("Battery"),
            sort="charge",
            order_by=(F("now__state_of_charge").asc(nulls_last=True), *BY_NUMBER),
        ),
        Heading(gettext_lazy("Plug")),
    ),
    wanted=wanted,
    cells=cells,
)
