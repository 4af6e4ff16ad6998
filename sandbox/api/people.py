"""Users, partners and their invites, and what users start a charge with, over HTTP."""

from typing import Any

from werkzeug.wrappers import Request

from sandbox.api import payloads
from sandbox.api.errors import Forbidden
from sandbox.api.filters import choice, found, includes, number, text, updated_between
from sandbox.api.paging import page_of
from sandbox.world.records import ID_TAG_STATUSES
from sandbox.world.world import World


def list_users(world: World, request: Request) -> dict[str, Any]:
    """List users, by e-mail whatever its case, or those whom a partner has invited.

    AMPECO does not say whether an open invite counts as being of a partner: here it does.
    """
    email, partner = text(request, "email"), number(request, "partnerId")
    if email is not None:
        pk = world.by_email.get(email.casefold())
        users = [world.users[pk]] if pk is not None else []
    else:
        users = list(world.users.values())
    updated = updated_between(request)
    users = [
        each
        for each in users
        if (partner is None or any(invite.partner_id == partner for invite in each.invites))
        and updated(each.updated_at)
    ]
    invites = includes(request, "partnerInvites")
    return page_of(
        request, users, lambda each: payloads.user(world, each, invites=invites), numbered=True
    )


def read_user(world: World, request: Request, pk: int) -> dict[str, Any]:
    invites = includes(request, "partnerInvites")
    return {"data": payloads.user(world, found(world.users, pk), invites=invites)}


def list_invites(world: World, request: Request) -> dict[str, Any]:
    """List partner invites; their pages are numbered."""
    partner, user = number(request, "partnerId"), number(request, "userId")
    status = text(request, "status")
    rows = [
        each
        for each in world.invites.values()
        if (partner is None or each.partner_id == partner)
        and (user is None or (each.user_id == user and each.status == "accepted"))
        and (status is None or each.status == status)
    ]
    return page_of(
        request, rows, lambda each: payloads.invite(world, each), numbered=True, cursors=False
    )


def list_partners(world: World, request: Request) -> dict[str, Any]:
    """List partners; their pages are numbered."""
    return page_of(
        request,
        list(world.partners),
        lambda pk: payloads.partner(world, pk),
        numbered=True,
        cursors=False,
    )


def read_partner(world: World, request: Request, pk: int) -> dict[str, Any]:
    found(world.partners, pk)
    return {"data": payloads.partner(world, pk)}


def list_id_tags(world: World, request: Request) -> dict[str, Any]:
    """List id tags, unless this token may not; their pages are numbered unless a cursor is sent."""
    if world.id_tags_forbidden:
        raise Forbidden
    user, partner = number(request, "userId"), number(request, "partnerId")
    status = choice(request, "status", ID_TAG_STATUSES)
    updated = updated_between(request)
    rows = [
        each
        for each in world.id_tags.values()
        if (user is None or each.user_id == user)
        and partner is None
        and (status is None or each.status == status)
        and updated(each.updated_at)
    ]
    return page_of(request, rows, lambda each: payloads.id_tag(world, each), numbered=True)


def read_id_tag(world: World, request: Request, pk: int) -> dict[str, Any]:
    if world.id_tags_forbidden:
        raise Forbidden
    return {"data": payloads.id_tag(world, found(world.id_tags, pk))}
