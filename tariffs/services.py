"""What others tell of prices."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils import timezone

from tariffs.kept import forget
from tariffs.models import TaxRate


def note_tax_rates(percents: Mapping[int, Decimal]) -> None:
    """Keep the tax (in percent) that was in the last charges, by tariff group (AMPECO id)."""
    known = dict(
        TaxRate.objects.filter(ampeco_group_id__in=percents).values_list(
            "ampeco_group_id", "percent"
        )
    )
    news = {group: tax for group, tax in percents.items() if known.get(group) != tax}
    if not news:
        return
    now = timezone.now()
    TaxRate.objects.bulk_create(
        [
            TaxRate(ampeco_group_id=group, percent=news[group], noted_at=now)
            for group in sorted(news)
        ],
        update_conflicts=True,
        unique_fields=["ampeco_group_id"],
        update_fields=["percent", "noted_at"],
    )
    forget()
