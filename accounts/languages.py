"""In which language to speak to somebody."""

from django.conf import settings
from django.utils import translation


def language_for(locale: str) -> str:
    """Return the portal's language that is nearest to a locale such as “de_AT”, or its own."""
    try:
        return translation.get_supported_language_variant(locale.replace("_", "-"))
    except LookupError:
        return settings.LANGUAGE_CODE
