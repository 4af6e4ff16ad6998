"""`make demo`: the portal, its workers and a simulated operator, run side by side.

Everything that it keeps is in one folder (DEMO_DIR, else var/demo). SIGINT, SIGTERM and SIGHUP end
all of it.
"""

import os
import re
import signal
import subprocess
import sys

from honcho.manager import Manager
from honcho.printer import Message, Printer

from scripts import valkey
from scripts.demo_lock import DemoRunning, demo_lock
from scripts.demo_stack import ROOT, PortTaken, Stack, choose_ports, demo_folder, make_stack

ENDED = re.compile(r"^(\w+) stopped \(rc=(-?\d+)\)")


class DemoPrinter(Printer):
    """Prints what the processes say; of the supervisor's remarks only what a person needs."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.stopping = False
        self.fallen: str | None = None

    def write(self, message: Message) -> None:
        """Print a line; the guide speaks without a prefix."""
        if message.name == "guide":
            print(message.data.decode(errors="replace"), end="", flush=True)
        elif message.name == "system":
            self._note(message.data.strip())
        else:
            super().write(message)

    def _note(self, remark: str) -> None:
        ended = ENDED.match(remark)
        if remark.endswith(" received") and not self.stopping:
            self.stopping = True
            print("\nStopping …", flush=True)
        elif ended and not self.stopping:
            self.stopping = True
            self.fallen = f"{ended[1]} ended by itself (status {ended[2]}), so the demo ends."


def prepare(environment: dict[str, str]) -> bool:
    """Bring the database and the static files up to date; return whether that went well."""
    print("Preparing the database and the static files …", flush=True)
    for words in (["migrate"], ["collectstatic"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *words, "--no-input", "--verbosity", "0"],
            cwd=ROOT,
            env=environment,
            check=False,
        )
        if done.returncode:
            return False
    return True


def run(stack: Stack) -> int:
    """Run the demo until a signal or the end of one process; return the exit status."""
    environment = {**os.environ, **stack.environment(), "DEMO_DIR": str(stack.folder)}
    if not prepare(environment):
        return 1
    for stale in (stack.ready_file, *stack.pid_folder.iterdir()):
        stale.unlink(missing_ok=True)
    printer = DemoPrinter()
    manager = Manager(printer)
    for name, command in stack.processes().items():
        manager.add_process(name, command, env=environment, cwd=str(ROOT))
    # Else the processes, which have sessions of their own, would outlive a closed terminal.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    manager.loop()
    stack.ready_file.unlink(missing_ok=True)
    if printer.fallen:
        print(printer.fallen, file=sys.stderr)
        return 1
    print("Stopped. `make demo` starts it again with everything as it was.")
    return 0


def main() -> int:
    """Start the demo that the environment describes; return the exit status."""
    # Until the processes run, a signal simply ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    if valkey.server_path() is None:
        print("No Valkey server comes with this platform: run the demo on Linux, macOS or WSL.")
        return 1
    folder = demo_folder(os.environ)
    try:
        with demo_lock(folder):
            ports, remarks = choose_ports(os.environ)
            for remark in remarks:
                print(remark)
            stack = make_stack(folder, ports)
            (folder / "lock").write_text(f"It is at {stack.portal} (process {os.getpid()}).")
            return run(stack)
    except (DemoRunning, PortTaken) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
