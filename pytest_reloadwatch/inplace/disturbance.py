"""What executing modules again does to the rest of the process, which a new process would not see like that."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.inplace.memory import remembering
from pytest_reloadwatch.inplace.state import State
from pytest_reloadwatch.record.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.inplace.generation import Generation
    from pytest_reloadwatch.inplace.plan import Plan

_SURROUNDINGS = "environment variables, sys.path, import hooks, logging, random or warnings filters are not as before"


class Disturbance:
    """Looks at what will not execute again, just before and just after the rest does."""

    def __init__(self, plan: Plan, generation: Generation, is_own: Callable[[Any], bool]) -> None:
        gone = {*plan.names, *(step.name for step in plan.dropped)}
        untouched = {
            name: module
            for name, module in list(sys.modules.items())
            if name not in gone and isinstance(module, ModuleType) and is_own(module)
        }
        self._calls = tuple(remembering(plan, generation, untouched))
        self._state: State | None = State(untouched, generation.will_be_replaced())
        self._surroundings = surroundings()

    def found(self) -> tuple[str, ...]:
        """In words; to be asked once, since what was compared with is let go."""
        state, self._state = self._state, None
        differences = state.differences() if state is not None else ()
        outside = () if surroundings() == self._surroundings else (_SURROUNDINGS,)
        return (*self._calls, *differences, *outside)
