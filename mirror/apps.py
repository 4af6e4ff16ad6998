from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MirrorConfig(AppConfig):
    """The runs that copy AMPECO's records, and whether AMPECO lets us in."""

    name = "mirror"
    verbose_name = _("Synchronisation")
