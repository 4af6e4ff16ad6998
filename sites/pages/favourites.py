"""The star beside a site."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from drivers.permissions import FleetRequest, member_required, private_partner_ids
from shell.addresses import way_back
from sites.favourites import mark_favourite
from sites.selectors import visible_locations


@member_required
@require_POST
def favourite(request: FleetRequest, pk: int) -> HttpResponse:
    """Make a site a favourite of who asks, or no longer; htmx gets the star alone.

    What is wanted is said, not switched: two stars that were pressed at once agree.
    """
    visible = visible_locations(partner_ids=private_partner_ids(request.fleet))
    location = get_object_or_404(visible, pk=pk)
    wanted = request.POST.get("favourite") == "1"
    mark_favourite(location, user_pk=request.user.pk, wanted=wanted)  # type: ignore[arg-type]
    back = way_back(request, otherwise=reverse("sites:detail", args=[location.pk]))
    if request.htmx:
        context = {"location": location, "is_favourite": wanted, "back": back}
        return render(request, "sites/_favourite.html", context)
    return redirect(back)
