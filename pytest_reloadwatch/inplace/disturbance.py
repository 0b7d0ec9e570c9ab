"""What executing modules again does to the rest of the process, which a new process would not see like that."""

from __future__ import annotations

import contextlib
import sys
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.inplace.memory import remembering
from pytest_reloadwatch.inplace.state import State
from pytest_reloadwatch.record.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_reloadwatch.inplace.generation import Generation
    from pytest_reloadwatch.inplace.plan import Plan

_ABOUT_SOURCES = (SyntaxWarning, DeprecationWarning, PendingDeprecationWarning, ImportWarning)
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
        self._warnings: list[str] = []

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Note warnings, which are shown all the same: libraries warn of what is registered for the second time."""
        show = warnings.showwarning

        def note(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
            if not issubclass(category, _ABOUT_SOURCES):
                self._warnings.append(f"executing again gave a warning: {message}")
            show(message, category, *args, **kwargs)

        warnings.showwarning = note
        try:
            yield
        finally:
            if warnings.showwarning is note:
                warnings.showwarning = show

    def found(self) -> tuple[str, ...]:
        """In words; to be asked once, since what was compared with is let go."""
        state, self._state = self._state, None
        differences = state.differences() if state is not None else ()
        outside = () if surroundings() == self._surroundings else (_SURROUNDINGS,)
        return (*self._calls, *differences, *outside, *self._warnings)
