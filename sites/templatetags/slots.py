"""Template tags of the slot picker."""

from django import template

from sites.slots.picker.bars_html import bar_html
from sites.slots.picker.chips_html import chips_html

register = template.Library()

register.simple_tag(bar_html, name="availability_bar")
register.simple_tag(chips_html, name="slot_chips")
