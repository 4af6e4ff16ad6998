"""Runs that take nothing of all that the operator gives say so, and why."""

import httpx
import pytest
from django.core.management import call_command

from mirror.admin import counts_text
from mirror.models import SyncRun
from sites.mirroring.full_walk import sync_sites
from sites.models import Location

pytestmark = pytest.mark.django_db


def let_all_roam(operator) -> None:
    for location in operator.locations.values():
        location.extra = {"roamingOperatorId": 77}


def test_sites_that_all_roam_are_told_of_wherever_somebody_looks(operator, client, capsys):
    let_all_roam(operator)

    call_command("sync_sites", "--full")

    run = SyncRun.objects.get()
    said = "The operator gave 3 locations, and all were left out: 3 of other operators (roaming)."
    assert (run.state, run.problem) == (SyncRun.State.FINISHED, said)
    assert capsys.readouterr().out.splitlines()[-1].endswith(said)
    assert "left out: charge_points: elsewhere 3" in counts_text(run.counts)
    check = client.get("/health/ready").json()["checks"]["copy of sites"]
    assert (check["ok"], check["all_left_out"]) == (False, True)


def test_sites_that_came_to_roam_are_kept_and_told_of(operator, client, ampeco_client):
    sync_sites(client=ampeco_client, full=True)
    let_all_roam(operator)

    run = sync_sites(client=ampeco_client, full=True)

    assert "3 of other operators (roaming)" in run.problem
    assert Location.objects.filter(retired_at=None).count() == 3
    assert client.get("/health/ready").json()["checks"]["copy of sites"]["ok"]


def test_other_reasons_are_told_of_as_well(operator, ampeco_client, wire):
    for point in operator.charge_points.values():
        point.type = "personal"
    run = sync_sites(client=ampeco_client, full=True)
    assert run.problem == "The operator gave 3 charge points, and all were left out: 3 personal."

    for point in operator.charge_points.values():
        point.type = "public"
    for evse in operator.evses.values():
        evse.booking_enabled = False
    run = sync_sites(client=ampeco_client, full=True)
    assert run.problem == (
        "No EVSE can be booked: the operator has not enabled booking for any of them."
    )


def test_what_cannot_be_read_is_counted(operator, ampeco_client, wire):
    def intercept(request):
        if request.url.path.endswith("/locations/v2.0"):
            return httpx.Response(200, json={"data": [{"name": "no id"}, "no object"]})
        return httpx.Response(404, json={}) if "/locations/" in request.url.path else None

    wire.intercept = intercept
    run = sync_sites(client=ampeco_client, full=True)
    assert run.problem == "The operator gave 2 locations, and all were left out: 2 unreadable."


def test_some_that_are_left_out_are_nothing_to_tell_of(operator, ampeco_client):
    operator.locations[1].extra = {"roamingOperatorId": 77}
    assert sync_sites(client=ampeco_client, full=True).problem == ""


def test_a_delta_of_a_roaming_site_is_nothing_to_tell_of(operator, ampeco_client):
    sync_sites(client=ampeco_client, full=True)
    operator.place(9, extra={"roamingOperatorId": 77}, updated_at=operator.clock.now())
    run = sync_sites(client=ampeco_client, full=False)
    assert (run.counts["locations"]["skipped"], run.problem) == (1, "")
