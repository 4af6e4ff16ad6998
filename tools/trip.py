"""How far a booking travels through the code: files passed, and changes of file.

`make trip` asks for a slot, sends it, polls the decision and writes both mails, in one process and
under a profiler, and prints what was passed. A newcomer who follows a booking opens these files.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
# What belongs to no trip: tests and tools, the operator that they bring along, other people's code.
NOT_OURS = ("tests", "tools", "sandbox", ".venv", "var")


class Trip:
    """Counts calls into the product's own code."""

    def __init__(self) -> None:
        self.functions: Counter[tuple[str, str]] = Counter()
        self.steps: Counter[tuple[str, str]] = Counter()
        self._names: dict[str, str | None] = {}

    @property
    def files(self) -> list[str]:
        return sorted({file for file, _function in self.functions})

    @property
    def changes(self) -> int:
        return sum(self.steps.values())

    def own(self, path: str) -> str | None:
        """Return a file's name below the project's root, or None if it is not the product's."""
        if path not in self._names:
            file = Path(path)
            inside = file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] not in NOT_OURS
            self._names[path] = file.relative_to(ROOT).as_posix() if inside else None
        return self._names[path]

    def note(self, frame: FrameType, what: str, _argument: object) -> None:
        """Note one call; a profile function as sys.setprofile takes it."""
        if what != "call":
            return
        file = self.own(frame.f_code.co_filename)
        if file is None or frame.f_code.co_name == "<module>":
            return
        self.functions[file, frame.f_code.co_qualname] += 1
        caller = frame.f_back
        while caller is not None:
            before = self.own(caller.f_code.co_filename)
            if before is not None:
                if before != file:
                    self.steps[before, file] += 1
                return
            caller = caller.f_back

    @contextmanager
    def counted(self) -> Iterator[None]:
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def report(self) -> str:
        """Return what was passed, the files most often entered first."""
        entered: Counter[str] = Counter()
        for (_before, file), times in self.steps.items():
            entered[file] += times
        lines = [
            f"{entered[file]:6}  {file}" for file in sorted(self.files, key=lambda f: -entered[f])
        ]
        lines.append(
            f"{len(self.functions)} functions, {len(self.files)} files, "
            f"{self.changes} changes of file"
        )
        return "\n".join(lines)
