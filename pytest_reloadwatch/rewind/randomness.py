"""Random numbers in forked processes: each run and worker has its own, unless the suite has seeded them for all."""

from __future__ import annotations

import random

_STEP = 624  # numbers, after which the generator's state is renewed as a whole
_MOST = 400  # steps that are looked at, some milliseconds


class Origin:
    """The state of ``random`` before first-party code, to tell a seeded generator from one that was only used."""

    def __init__(self) -> None:
        self._state = random.getstate()

    def reseed(self) -> None:
        """Before tests begin, unless the suite has seeded the generator: then it draws the same numbers everywhere."""
        if self._leads_to(random.getstate()):
            random.seed()
            self._state = random.getstate()

    def _leads_to(self, state: tuple[object, ...]) -> bool:
        """Whether drawing numbers, and nothing else, leads from there to *state*."""
        generator = random.Random()
        generator.setstate(self._state)
        wanted = _vector(state)
        for _ in range(_MOST):
            if _vector(generator.getstate()) == wanted:
                return True
            generator.getrandbits(32 * _STEP)
        return False


def _vector(state: tuple[object, ...]) -> object:
    """The state without the position in it: the same from one renewal to the next."""
    numbers = state[1]
    assert isinstance(numbers, tuple)
    return numbers[:-1]
