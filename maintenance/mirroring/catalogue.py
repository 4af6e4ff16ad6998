"""Reads what error codes mean and which firmware is the newest, once a day."""

from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from ampeco.client import AmpecoClient
from ampeco.resources import items_of
from maintenance.models import Firmware, VendorErrorCode
from mirror.fitting import fit
from upstream.errors import UpstreamForbidden

DAY = timedelta(days=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
READ_KEY = "chargers-catalogue-read"


def read_catalogue(*, client: AmpecoClient, now: datetime | None = None) -> bool:
    """Read error codes and firmware unless that was done within a day; return whether it was done.

    What the token may not read stays as it was.
    """
    now = now or timezone.now()
    if not cache.add(READ_KEY, now.isoformat(), DAY.total_seconds()):
        return False
    try:
        _read_codes(client)
        _read_firmware(client)
    except BaseException:
        # The next round tries again.
        cache.delete(READ_KEY)
        raise
    return True


def _read_codes(client: AmpecoClient) -> None:
    try:
        codes = list(items_of(client.vendor_error_code_pages()))
    except UpstreamForbidden:
        return
    rows = [
        fit(
            VendorErrorCode(
                vendor_id=one.vendor_id,
                code=one.code,
                description=one.description,
                customer_action=one.customer_action,
            )
        )
        for one in codes
    ]
    VendorErrorCode.objects.bulk_create(
        {(row.vendor_id, row.code): row for row in rows}.values(),
        update_conflicts=True,
        unique_fields=["vendor_id", "code"],
        update_fields=["description", "customer_action"],
    )


def _read_firmware(client: AmpecoClient) -> None:
    try:
        versions = list(items_of(client.firmware_version_pages()))
    except UpstreamForbidden:
        return
    newest: dict[int, Firmware] = {}
    for one in sorted(versions, key=lambda one: (one.created_at or LONG_AGO, one.id)):
        for model_id in one.model_ids:
            newest[model_id] = fit(
                Firmware(ampeco_model_id=model_id, version=one.version, created_at=one.created_at)
            )
    Firmware.objects.bulk_create(
        newest.values(),
        update_conflicts=True,
        unique_fields=["ampeco_model_id"],
        update_fields=["version", "created_at"],
    )
