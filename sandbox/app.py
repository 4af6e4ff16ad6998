"""The whole simulated operator as one WSGI application.

That is AMPECO's API, Ampcontrol's, the desk, the mails; and what the portal asks others for: tiles
of a map, and where towns are.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.ampcontrol import dispatch as ampcontrol
from sandbox.api.dispatch import ROOT, Api
from sandbox.desk import charging, control, mailbox, notices, remote, tiles, views
from sandbox.desk.mailbox import Mailbox
from sandbox.desk.pages import SCRIPT, STYLE
from sandbox.energy.attach import physics_of
from sandbox.world import places
from sandbox.world.world import World

ROUTES = Map(
    [
        Rule("/", methods=["GET"], endpoint="desk"),
        Rule("/chargers", methods=["GET"], endpoint="chargers"),
        Rule("/charging", methods=["GET"], endpoint="charging"),
        Rule("/remote", methods=["GET"], endpoint="remote"),
        Rule("/notifications", methods=["GET"], endpoint="notices"),
        Rule("/do", methods=["POST"], endpoint="do"),
        Rule("/desk.css", methods=["GET"], endpoint="style"),
        Rule("/desk.js", methods=["GET"], endpoint="script"),
        Rule("/tiles/<int:zoom>/<int:column>/<int:row>.svg", methods=["GET"], endpoint="tile"),
        Rule("/places/search", methods=["GET"], endpoint="places"),
        Rule("/mail", methods=["GET"], endpoint="mails"),
        Rule("/mail/<name>", methods=["GET"], endpoint="mail"),
        Rule("/mail/<name>/html", methods=["GET"], endpoint="html"),
        Rule("/mail/<name>/part/<int:number>", methods=["GET"], endpoint="part"),
    ],
    strict_slashes=False,
)


def create_app(
    world: World,
    *,
    token: str = "sandbox-token",  # noqa: S107
    ampcontrol_token: str = "ampcontrol-token",  # noqa: S107
    mails: Mailbox | None = None,
) -> WSGIApplication:
    """Return the application for a world; without `mails` there are none to see."""
    api = Api(world, token=token)
    smart = ampcontrol.Ampcontrol(physics_of(world), token=ampcontrol_token)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{ROOT}/"):
            return api(environ, start_response)
        if path.startswith(f"{ampcontrol.ROOT}/"):
            return smart(environ, start_response)
        request = Request(environ)
        try:
            if path.startswith("/control/"):
                response: Response | HTTPException = control.answer(world, request)
            else:
                response = _page(world, mails, request)
        except HTTPException as error:
            response = error
        return response(environ, start_response)

    return application


def _page(world: World, mails: Mailbox | None, request: Request) -> Response:
    endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
    match endpoint:
        case "desk":
            return views.show_desk(world)
        case "chargers":
            return views.show_chargers(world)
        case "charging":
            return charging.show(world)
        case "remote":
            return remote.show(world)
        case "notices":
            return notices.show_notices(world)
        case "do":
            return views.do(world, request)
        case "style":
            return Response(STYLE, mimetype="text/css")
        case "script":
            return Response(SCRIPT, mimetype="text/javascript")
        case "tile":
            return tiles.draw(world, **arguments)
        case "places":
            return places.search(world, request)
        case "mails":
            return mailbox.show_mails(mails)
    if mails is None:
        raise NotFound
    match endpoint:
        case "mail":
            return mailbox.show_mail(mails, **arguments)
        case "html":
            return mailbox.show_html(mails, **arguments)
    return mailbox.give_part(mails, **arguments)
