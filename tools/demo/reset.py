"""`make demo-reset`: forget everything that the demo keeps."""

import os
import shutil
import sys

from tools.demo.lock import DemoRunning, demo_lock
from tools.demo.stack import demo_folder


def main() -> int:
    """Remove the demo's folder unless a demo runs in it; return the exit status."""
    folder = demo_folder(os.environ)
    if not folder.exists():
        print("There is nothing to forget.")
        return 0
    try:
        with demo_lock(folder):
            shutil.rmtree(folder)
    except DemoRunning as error:
        print(f"{error} Stop it first.", file=sys.stderr)
        return 1
    print("Forgotten. The next `make demo` starts over.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
