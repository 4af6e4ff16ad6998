"""Serves the simulated operator over HTTP, and its mail server beside it."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from wsgiref.types import WSGIEnvironment

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import create_app
from sandbox.desk.mailbox import Mailbox, serve_smtp
from sandbox.energy.elsewhere import let_sites_be_depots
from sandbox.faults import Faults
from sandbox.notices.delivery import notifier_of
from sandbox.world.build import book_for_others, build_world
from sandbox.world.holdings import SHAPES
from sandbox.world.state import StateUnreadable
from sandbox.world.world import World

# In the default world, unless said otherwise.
WALK_INS_A_DAY = 0.33
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class QuietHandler(WSGIRequestHandler):
    """Serves without a line of log for each call."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def connection_dropped(
        self,
        error: BaseException,  # noqa: ARG002
        environ: WSGIEnvironment | None = None,  # noqa: ARG002
    ) -> None:
        self.close_connection = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8701)
    parser.add_argument("--smtp-port", type=int, help="serve a mail server on this port too")
    parser.add_argument("--mail-dir", type=Path, default=Path("var/mail"))
    parser.add_argument("--token", default=os.environ.get("SANDBOX_TOKEN", "sandbox-token"))
    parser.add_argument(
        "--ampcontrol-token", default=os.environ.get("SANDBOX_AMPCONTROL_TOKEN", "ampcontrol-token")
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--locations", type=int, help="a synthetic world of so many locations")
    parser.add_argument("--charge-points", type=int, help="so many in all")
    parser.add_argument("--evses", type=int, help="so many in all")
    parser.add_argument(
        "--depots", action="store_true", help="let Ampcontrol share out power at the first sites"
    )
    parser.add_argument("--users", type=int, default=0, help="so many more drivers")
    parser.add_argument("--decision-delay", type=float, metavar="SECONDS", help="4 by default")
    parser.add_argument("--manual", action="store_true", help="a person decides, at the desk")
    parser.add_argument("--late-share", type=float, default=0.0, metavar="P", help="of drivers")
    parser.add_argument(
        "--walk-ins",
        type=float,
        metavar="N",
        help="so many sessions a day and driver without a booking; a third in the default world",
    )
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0])
    parser.add_argument("--no-evse-list", action="store_true", help="403 for the list of all EVSEs")
    parser.add_argument("--rate-limit", type=int, metavar="N", help="so many calls a minute")
    parser.add_argument("--state", type=Path, help="keep requests and bookings in this file")
    parser.add_argument("--reset", action="store_true", help="forget what the state file holds")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="KIND[,probability=P][,count=N][,path=P][,method=M][,seconds=S]",
    )


def _fault(text: str) -> str:
    try:
        Faults.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def world_from(options: argparse.Namespace) -> World:
    """Return the world that the options describe, with what its state file remembers.

    How requests are decided is remembered too, unless an option says otherwise. Raises
    StateUnreadable.
    """
    world = build_world(
        seed=options.seed,
        locations=options.locations,
        charge_points=options.charge_points,
        evses=options.evses,
        users=options.users,
    )
    if options.depots:
        let_sites_be_depots(world)
    world.shape = options.shape
    world.late_share = options.late_share
    world.evse_list_forbidden = options.no_evse_list
    in_default = WALK_INS_A_DAY if options.locations is None else 0.0
    world.walk_ins_a_day = in_default if options.walk_ins is None else options.walk_ins
    world.rate_limit = options.rate_limit
    for text in options.fault:
        world.faults.add(**Faults.parse(text))
    if options.state:
        options.state.parent.mkdir(parents=True, exist_ok=True)
        if options.reset:
            options.state.unlink(missing_ok=True)
        world.state_file = options.state
        world.load()
        if options.locations is None:
            book_for_others(world)
        world.save()
    if options.decision_delay is not None:
        world.decision_delay = options.decision_delay
    if options.manual:
        world.manual = True
    return world


def make(
    world: World,
    *,
    host: str,
    port: int,
    token: str,
    mails: Mailbox | None,
    ampcontrol_token: str = "ampcontrol-token",  # noqa: S107
) -> BaseWSGIServer:
    """Return a server with a thread for each call; port 0 picks a free one."""
    app = create_app(world, token=token, ampcontrol_token=ampcontrol_token, mails=mails)
    return make_server(host, port, app, threaded=True, request_handler=QuietHandler)


def serve(options: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM, which end the process with status 0."""
    for number in SIGNALS:
        signal.signal(number, _leave)
    try:
        world = world_from(options)
    except StateUnreadable as error:
        sys.exit(f"{error} Start with --reset to forget it, or with another --state.")
    mails = Mailbox(options.mail_dir) if options.smtp_port else None
    server = make(
        world,
        host=options.host,
        port=options.port,
        token=options.token,
        mails=mails,
        ampcontrol_token=options.ampcontrol_token,
    )
    notifier = notifier_of(world)
    notifier.start()
    smtp = None
    try:
        if mails is not None:
            smtp = serve_smtp(mails, host=options.host, port=options.smtp_port)
        sys.stdout.write(
            f"Simulated operator: {len(world.locations)} sites, {len(world.evses)} chargers, "
            f"desk at http://{options.host}:{server.port}/\n"
        )
        sys.stdout.flush()
        server.serve_forever()
    finally:
        notifier.stop()
        server.server_close()
        if smtp is not None:
            smtp.stop()
        # From here on the interpreter takes its own handlers back, under which a signal kills.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _leave(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # A terminal and a supervisor may both ask, one right after the other: once is enough. Ignoring
    # the second by SIG_IGN would print a traceback where it has arrived but not been handled yet.
    for number in SIGNALS:
        signal.signal(number, _stay)
    sys.exit(0)


def _stay(signum: int, frame: FrameType | None) -> None:
    """Do nothing: the process is ending already."""
