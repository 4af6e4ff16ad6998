"""Template tags of the slot picker."""

from django import template

from sites.slots.picker.chips_html import chips_html
from sites.slots.picker.links_html import links_html
from sites.slots.picker.rows_html import rows_html

register = template.Library()

register.simple_tag(rows_html, name="charger_rows")
register.simple_tag(links_html, name="picker_links")
register.simple_tag(chips_html, name="slot_chips")
