"""Numbers as people write them, with a point or with a comma."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext

# Whether somebody means a thousand only they know, unless three digits may stand there.
THOUSANDS = re.compile(r"[.,]\d{3}$")


class CommaField(forms.DecimalField):
    """A number with a point or a comma, whichever the reader's country writes."""

    widget = forms.TextInput

    def __init__(self, *, most: Decimal | int, places: int, **more: Any) -> None:
        super().__init__(required=False, min_value=0, max_value=most, decimal_places=places, **more)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off", "maxlength": "12"}

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        """Return the number. Raises ValidationError for what is none, or might be two."""
        if isinstance(value, str):
            value = "".join(value.split())
            several = value.count(",") + value.count(".") > 1
            if several or ((self.decimal_places or 0) < 3 and THOUSANDS.search(value)):
                raise ValidationError(
                    gettext("Please write it without separators of thousands, such as 1250 or 7.4.")
                )
            value = value.replace(",", ".")
        try:
            return super().to_python(value)
        except InvalidOperation:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        """Return a kept number as the reader writes it; what was typed stays as it is."""
        if isinstance(value, Decimal):
            return number_format(Decimal(f"{value.normalize():f}"))
        return value
