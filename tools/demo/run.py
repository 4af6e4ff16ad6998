"""`make demo`: the portal, its workers and a simulated operator, run side by side.

Everything that it keeps is in one folder (DEMO_DIR, else var/demo). SIGINT, SIGTERM and SIGHUP end
all of it.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Timer

from honcho.manager import Manager
from honcho.printer import Message, Printer

from tools.demo.lock import DemoRunning, demo_lock
from tools.demo.stack import ROOT, PortTaken, Stack, choose_ports, demo_folder, make_stack
from tools.services import valkey

# So much of what a process said is shown when it ends by itself.
LAST_LINES = 40
# Written once all static files are there. Beside their folder, for what is in it is served.
COLLECTED = Path("var/static-collected")
ENDED = re.compile(r"^(\w+) stopped \(rc=(-?\d+)\)")


class DemoPrinter(Printer):
    """Writes what each process says to its log, and prints what a person needs.

    That is what the guide says, the supervisor's remarks that matter, and the last lines of a
    process that ends by itself.
    """

    def __init__(self, stack: Stack) -> None:
        super().__init__(sys.stdout)
        self.stack = stack
        self.last_lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=LAST_LINES))
        self.stopping = False
        self.fallen: str | None = None

    def write(self, message: Message) -> None:
        """Print a line, unless nobody is left to read it: the terminal may be gone."""
        with suppress(OSError):
            self._print(message)

    def _print(self, message: Message) -> None:
        if message.name == "guide":
            print(message.data.decode(errors="replace"), end="", flush=True)
        elif message.name == "system":
            self._note(message.data.strip())
        else:
            self._keep(message.name, message.data.decode(errors="replace"))

    def _keep(self, name: str, line: str) -> None:
        self.last_lines[name].append(line)
        with self.stack.log_file(name).open("a", encoding="utf-8") as log:
            log.write(line)

    def _note(self, remark: str) -> None:
        ended = ENDED.match(remark)
        if remark.endswith(" received") and not self.stopping:
            self.stopping = True
            print("\nStopping …", flush=True)
        elif ended and not self.stopping:
            self.stopping = True
            self.fallen = f"{ended[1]} ended by itself (status {ended[2]}), so the demo ends."
            if ended[1] in self.last_lines:
                print("".join(self.last_lines[ended[1]]), end="", flush=True)
                self.fallen += f" All that it said is in {self.stack.log_file(ended[1])}."


class DemoManager(Manager):
    """Ends the processes also when it is asked to while they are being started."""

    def terminate(self) -> None:
        if self._all_started():
            super().terminate()
        else:
            Timer(0.1, self.terminate).start()


def hang_up(*_: object) -> None:
    """End the demo, whose terminal is gone.

    Else the processes, which have sessions of their own, would outlive it.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.kill(os.getpid(), signal.SIGTERM)


def static_files_are_current(root: Path = ROOT) -> bool:
    """Return whether nothing has changed since static files were collected, which takes seconds.

    What was interrupted left no mark, and is collected again.
    """
    mark = root / COLLECTED
    if not mark.exists():
        return False
    folders = [folder for folder in root.glob("*/static") if folder != root / "var" / "static"]
    sources = [root / "uv.lock", *(root / "static").rglob("*")]
    for folder in folders:
        sources += folder.rglob("*")
    collected = mark.stat().st_mtime
    return all(source.stat().st_mtime < collected for source in sources)


def collect_static_files(run_command: Callable[[str], bool], root: Path = ROOT) -> bool:
    """Collect the static files unless they are current; return whether that went well.

    The mark has the time at which it began: what changes meanwhile is collected the next time.
    """
    if static_files_are_current(root):
        return True
    mark = root / COLLECTED
    mark.unlink(missing_ok=True)
    began = time.time()
    if not run_command("collectstatic"):
        return False
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    os.utime(mark, (began, began))
    return True


def prepare(environment: dict[str, str]) -> bool:
    """Bring the database and the static files up to date; return whether that went well."""
    print("Preparing the database and the static files …", flush=True)

    def run_command(name: str) -> bool:
        done = subprocess.run(
            [sys.executable, "manage.py", name, "--no-input", "--verbosity", "0"],
            cwd=ROOT,
            env=environment,
            check=False,
            start_new_session=True,  # Ctrl-C is for this process
        )
        return not done.returncode

    return run_command("migrate") and collect_static_files(run_command)


def run(stack: Stack) -> int:
    """Run the demo until a signal or the end of one process; return the exit status."""
    environment = {**os.environ, **stack.environment(), "DEMO_DIR": str(stack.folder)}
    if not prepare(environment):
        return 1
    old = (*stack.pid_folder.iterdir(), *stack.log_folder.iterdir())
    for stale in (stack.ready_file, *old):
        stale.unlink(missing_ok=True)
    printer = DemoPrinter(stack)
    manager = DemoManager(printer)
    for name, command in stack.processes().items():
        manager.add_process(name, command, env=environment, cwd=str(ROOT))
    signal.signal(signal.SIGHUP, hang_up)
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
