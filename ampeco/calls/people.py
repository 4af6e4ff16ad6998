"""Who: users, partners, and what starts a charge for them."""

from collections.abc import Iterator

from ampeco.calls.base import Calls
from ampeco.resources import Filters, items_of, only_wanted
from ampeco.types import IdTag, Page, Partner, PartnerInvite, User
from upstream.emails import email_key, email_spellings

USERS = "resources/users/v1.0"
PARTNER_INVITES = "resources/partner-invites/v1.0"
PARTNERS = "resources/partners/v2.0"
ID_TAGS = "resources/id-tags/v2.0"


class PeopleCalls(Calls):
    """Calls about people."""

    def find_users_by_email(self, email: str, *, partner_id: int | None = None) -> list[User]:
        """Find the users with an e-mail, however they spelled it, with their invites.

        With `partner_id` those of a partner, so that of others even the operator says nothing. An
        operator that compares exactly finds only those in lower case or as it is given here.
        """
        wanted = email_key(email)
        if not wanted:
            return []
        for spelling in email_spellings(email):
            found = only_wanted(
                "find_users_by_email",
                self._user_pages(
                    "find_users_by_email", filters={"email": spelling, "partnerId": partner_id}
                ),
                lambda user: email_key(user.email) == wanted,
            )
            if found:
                return found
        return []

    def users_of_partner(self, partner_id: int) -> Iterator[User]:
        return items_of(self.partner_user_pages(partner_id))

    def partner_user_pages(self, partner_id: int) -> Iterator[Page[User]]:
        return self._user_pages("users_of_partner", filters={"partnerId": partner_id})

    def partner_invites(
        self,
        *,
        partner_id: int | None = None,
        user_id: int | None = None,
        status: str | None = None,
    ) -> Iterator[PartnerInvite]:
        """Yield invites; what does not match is left out even if the operator gives it."""
        invites = items_of(
            self._resources.pages(
                "partner_invites",
                PARTNER_INVITES,
                PartnerInvite.from_payload,
                filters={"partnerId": partner_id, "userId": user_id, "status": status},
            )
        )
        return (
            invite
            for invite in invites
            if partner_id in {None, invite.partner_id}
            and user_id in {None, invite.user_id}
            and status in {None, invite.status}
        )

    def read_partner(self, partner_id: int) -> Partner:
        return self._resources.read("read_partner", PARTNERS, partner_id, Partner.from_payload)

    def id_tags_of(self, user_id: int) -> list[IdTag]:
        """Return what starts a charge for a user, as far as the operator tells this token."""
        return only_wanted(
            "id_tags_of",
            self._resources.pages(
                "id_tags_of",
                ID_TAGS,
                IdTag.from_payload,
                filters={"userId": user_id},
                with_cursor=True,
            ),
            lambda tag: tag.user_id == user_id,
        )

    def _user_pages(self, operation: str, *, filters: Filters) -> Iterator[Page[User]]:
        return self._resources.pages(
            operation,
            USERS,
            User.from_payload,
            filters=filters,
            include="partnerInvites",
            with_cursor=True,
        )
