"""Whether chargers do for what is to be booked: told by rooms above, of which sites know nothing.

Whoever knows adds a reader here, in the `ready` of its app.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import Http404, QueryDict

from sites.models import Evse
from sites.selectors import Criteria
from sites.slots.prices.appetite import Appetite


@dataclass(frozen=True, slots=True)
class Fit:
    """Something that is to charge, by its `name`: where it does not fit, and what it needs.

    `misfits` has the reason by the charger's key, `certain` those at which no confirming helps.
    Links that keep it in mind carry `params`. `appetite` is what it charges, `driver` the key of
    who usually drives it.
    """

    name: str
    params: Mapping[str, str]
    misfits: Mapping[int, str] = field(default_factory=dict)
    certain: frozenset[int] = frozenset()
    criteria: Criteria = field(default_factory=Criteria)
    appetite: Appetite = field(default_factory=Appetite)
    driver: int | None = None

    def order(self, evse: Evse) -> bool:
        """Return by what chargers are sorted: those that do not fit come last."""
        return evse.pk in self.misfits


Reader = Callable[[QueryDict, int, Sequence[Evse]], Fit | None]
readers: list[Reader] = []


def fit_of(params: QueryDict, *, fleet_pk: int, evses: Sequence[Evse]) -> Fit | None:
    """Return how chargers fit what a query string names; None where it names nothing.

    Raises Http404 for what is not the fleet's.
    """
    for reader in readers:
        try:
            fit = reader(params, fleet_pk, evses)
        except LookupError:
            raise Http404 from None
        if fit is not None:
            return fit
    return None
