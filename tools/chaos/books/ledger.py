"""The notes of all people: what they asked for, and how they were answered."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from tools.chaos.books.kept import Asked, AskedSeries, AskedTable, AskedWish


@dataclass
class Ledger:
    """Many may write at a time."""

    asked: list[Asked] = field(default_factory=list)
    cancelled: set[int] = field(default_factory=set)
    tables: list[AskedTable] = field(default_factory=list)
    series: list[AskedSeries] = field(default_factory=list)
    wishes: list[AskedWish] = field(default_factory=list)
    # The operator's numbers of bookings that ran from the beginning: nobody asked for them.
    running: set[int] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, asked: Asked) -> Asked:
        with self.lock:
            self.asked.append(asked)
        return asked

    def unanswered(self) -> list[AskedTable | AskedSeries | AskedWish]:
        asked: list[AskedTable | AskedSeries | AskedWish]
        asked = [*self.tables, *self.series, *self.wishes]
        return [each for each in asked if each.outcome == "unanswered"]

    def count(self, answer: str) -> None:
        with self.lock:
            self.answers[answer] += 1
