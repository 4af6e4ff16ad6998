"""The demo's guide: waits for the others, seeds the demo, tells a person where everything is.

Afterwards it watches the supervisor: were that killed outright, the guide ends what it left behind.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from tools.demo.stack import ROOT, Stack, demo_folder, read_secrets
from tools.services.ports import answers, answers_ready, wait_until

PATIENCE_SECONDS = 120


def running_stack() -> Stack:
    """Return the demo whose environment this process has."""
    folder = demo_folder(os.environ)
    return Stack(
        folder=folder,
        web_port=int(os.environ["WEB_BIND"].rpartition(":")[2]),
        operator_port=port_of("AMPECO_BASE_URL"),
        mail_port=port_of("EMAIL_URL"),
        valkey_port=port_of("CELERY_BROKER_URL"),
        live_port=port_of("LIVE_URL"),
        **read_secrets(folder),
    )


def port_of(name: str) -> int:
    port = urlsplit(os.environ[name]).port
    assert port
    return port


def seed(stack: Stack) -> list[dict[str, str]]:
    """Fill the demo, and return who may log in; what is said meanwhile is in the logs."""
    words = ["seed_demo", "--logins", str(stack.logins_file)]
    if os.environ.get("DEMO_BOOKINGS") != "no":
        words.append("--bookings")
    log = stack.log_file("seed")
    with log.open("w") as output:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        print(log.read_text(), end="")
        done.check_returncode()
    logins: list[dict[str, str]] = json.loads(stack.logins_file.read_text())
    return logins


def banner(stack: Stack, logins: list[dict[str, str]]) -> str:
    """Return what a person needs to know."""
    width = max(len(login["email"]) for login in logins)
    people = "\n".join(
        f"    {login['email']:<{width}}  {login['password']}  {login['what']}" for login in logins
    )
    first = logins[0]
    line = "─" * 78
    return f"""
{line}
  Chargebook is running.

  Portal           {stack.portal}/
  Back office      {stack.portal}/back-office/
  Operator's desk  {stack.operator}/     approve or reject by hand
  E-mails          {stack.operator}/mail

  Log in with e-mail and password:
{people}

  Logs             {stack.log_folder}/
  Ctrl-C stops it; the next `make demo` finds everything as it was.
  `make demo-reset` starts over.

  Start here: {stack.portal}/
              as {first["email"]} with the password {first["password"]}
{line}
"""


def watch(supervisor: int, pid_folder: Path) -> None:
    """Return never while the supervisor lives; end its other processes once it is gone."""
    while True:
        time.sleep(1)
        try:
            os.kill(supervisor, 0)
        except ProcessLookupError:
            break
    for file in pid_folder.iterdir():
        pid = int(file.read_text())
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue


def main(supervisor: int) -> int:
    """Guide a person to the demo that `supervisor` runs; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    stack = running_stack()
    for port in (stack.valkey_port, stack.operator_port, stack.mail_port):
        if not wait_until(lambda port=port: answers(port), seconds=PATIENCE_SECONDS):  # type: ignore[misc]
            print(f"Nothing answers on port {port}.")
            return 1
    print("Filling the demo: sites, people, bookings …", flush=True)
    try:
        logins = seed(stack)
    except subprocess.CalledProcessError:
        print("The demo could not be filled: see above.")
        return 1
    print("Waiting for the portal …", flush=True)
    if not wait_until(lambda: answers_ready(stack.portal), seconds=PATIENCE_SECONDS):
        print(f"The portal does not get ready: see {stack.log_folder}.")
        return 1
    facts = {
        "portal": stack.portal,
        "operator": stack.operator,
        "live": stack.live,
        "logins": logins,
    }
    unfinished = stack.ready_file.with_suffix(".part")
    unfinished.write_text(json.dumps(facts))
    unfinished.replace(stack.ready_file)
    print(banner(stack, logins), flush=True)
    watch(supervisor, stack.pid_folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
