"""People who log in: fleet managers, viewers and the operator's staff."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    Permission,
    PermissionsMixin,
)
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from upstream.emails import email_key, email_spellings

# Where mails to people who were erased would go: nowhere, as RFC 2606 has it.
ERASED_DOMAIN = "erased.invalid"


class UserManager(BaseUserManager["User"]):
    """Makes users known by their e-mail."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a user; without a password the user must set one through a reset mail."""
        user = self.model(email=email_key(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.with_email(username or "").get()

    def with_email(self, email: str) -> "models.QuerySet[User]":
        """Return whoever has an address, however its domain is spelled here and there."""
        return self.filter(email__in=email_spellings(email))

    def beyond(self, user: "User") -> models.QuerySet["User"]:
        """Return whose rights go beyond somebody's own: also what they lack while switched off."""
        if user.is_superuser:
            return self.none()
        own = Permission.objects.filter(Q(user=user) | Q(group__user=user))
        more = Permission.objects.exclude(pk__in=own.values("pk")).values("pk")
        holders = Q(user_permissions__in=more) | Q(groups__permissions__in=more)
        return self.filter(Q(is_superuser=True) | Q(pk__in=self.filter(holders).values("pk")))


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    language = models.CharField(
        _("language"),
        max_length=16,
        blank=True,
        help_text=_("Empty: pages follow the browser, e-mails use the portal's language."),
    )
    is_staff = models.BooleanField(
        _("operator's staff"), default=False, help_text=_("May use the back office.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    # What the link must hash to by which staff may set up their first second factor; empty: none.
    factor_link = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_whatever_case")
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        """The name, or the e-mail of somebody who gave none."""
        return gettext("Erased user") if self.is_erased else self.name or self.email

    @property
    def is_erased(self) -> bool:
        return self.email.endswith(f"@{ERASED_DOMAIN}")


def language_for(locale: str) -> str:
    """Return the portal's language that is nearest to a locale such as “de_AT”, or its own."""
    try:
        return translation.get_supported_language_variant(locale.replace("_", "-"))
    except LookupError:
        return settings.LANGUAGE_CODE
