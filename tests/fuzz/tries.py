"""The cases of a run: a fixed number out of a fixed seed, or as many as fit into a time."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One case, and the chance that makes it."""

    name: str
    chance: random.Random


@dataclass(frozen=True)
class Tries:
    """Deals out cases; each has a chance of its own, so that one can be made again by itself."""

    seed: int
    seconds: float
    """0: the number that a test asks for."""

    def cases(self, count: int) -> Iterator[Case]:
        """Deal out so many cases, or go on until the time is over."""
        until = time.monotonic() + self.seconds
        number = 0
        while number < count if not self.seconds else time.monotonic() < until:
            name = f"{self.seed}/{number}"
            yield Case(name, random.Random(name))
            number += 1
