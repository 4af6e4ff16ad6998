"""When a charger is free, drawn: a large site has one for each, which takes a template long."""

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString, mark_safe

from sites.slots.picker.bars import BAR_HEIGHT, Bar, Scale


def bar_html(bar: Bar, scale: Scale, planned: Iterable[str]) -> SafeString:
    """Return the drawing; its label says in words what it shows, and what is planned besides."""
    paths = (
        ("availability__past", scale.past),
        ("availability__busy", bar.unavailable),
        ("availability__maintenance", bar.maintenance),
        ("availability__free", bar.free),
        ("availability__tick", scale.ticks),
        ("availability__now", scale.now),
    )
    drawn = "".join(f'<path class="{name}" d="{outline}"/>' for name, outline in paths if outline)
    says = " ".join([bar.text, *(f"{text}." for text in planned)])
    # All but the words is numbers of our own.
    return mark_safe(  # noqa: S308
        f'<svg class="availability" role="img" aria-label="{escape(says)}" '
        f'viewBox="0 0 {scale.minutes} {BAR_HEIGHT}" preserveAspectRatio="none">{drawn}</svg>'
    )
