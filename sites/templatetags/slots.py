"""Template tags of the slot picker."""

from django import template

from sites.slots.picker.chips_html import chips_html

register = template.Library()

register.simple_tag(chips_html, name="slot_chips")
