"""A plan carried out as a transaction: all modules of it execute again, or every namespace is as it was."""

from __future__ import annotations

import importlib
import linecache
import os
import sys
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import ReloadFailedError
from pytest_reloadwatch.inplace.bytecode import compiled_from_source
from pytest_reloadwatch.inplace.disturbance import Disturbance
from pytest_reloadwatch.inplace.finder import InPlaceFinder
from pytest_reloadwatch.inplace.generation import Generation
from pytest_reloadwatch.inplace.namespaces import Imported, Saved, drop

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.inplace.plan import Plan, Step


@dataclass(frozen=True)
class Applied:
    """What a plan has done: *executed* modules in the order in which they began, *imported* ones that are new.

    *disturbed* tells what executing again has changed in modules that were not, or could not undo there: a registry
    that has grown, a counter that has counted once more, a cache that answered for the old generation.

    It keeps the old generation, for ``undo``, until the witness has looked for what else does.
    """

    executed: tuple[str, ...]
    steps: tuple[Step, ...]
    dropped: tuple[str, ...]
    imported: tuple[str, ...]
    disturbed: tuple[str, ...]
    previous: Generation
    _before: Imported
    _is_own: Callable[[Any], bool]

    def undo(self) -> None:
        """Give every module the namespace that it had, and forget what was imported anew."""
        saved = self.previous.saved
        _restore(self._before, saved, self._is_own)
        self.previous.reinstate()


def apply(plan: Plan, is_own: Callable[[str], bool]) -> Applied:
    """Execute the modules of *plan* once more, into the objects that they are.

    *is_own* tells of a path whether it is the person's own source: only such modules are taken out again where the
    attempt fails. Raises ReloadFailedError for whatever a module raises; an interrupt remains one. Obstacles are the
    caller's affair.
    """

    def is_own_module(module: Any) -> bool:
        path = getattr(module, "__file__", None)
        return isinstance(path, str) and is_own(os.path.abspath(path))

    before = Imported.now()
    saved = {name: Saved.of(name, _module(name)) for name in plan.names}
    dropped = [Saved.of(step.name, _module(step.name)) for step in plan.dropped]
    previous = Generation([*saved.values(), *dropped])
    disturbance = Disturbance(plan, previous, is_own_module)
    finder = InPlaceFinder(plan.steps, saved)
    try:
        with compiled_from_source(is_own), disturbance.listening():
            _execute(plan, finder)
    except BaseException as error:
        _restore(before, previous.saved, is_own_module)
        if isinstance(error, (KeyboardInterrupt, ReloadFailedError)):
            raise
        raise _failure(plan, finder, error) from error
    previous.retire()
    steps = {step.name: step for step in plan.steps}
    return Applied(
        executed=tuple(finder.executed),
        steps=tuple(steps[name] for name in finder.executed),
        dropped=tuple(step.name for step in plan.dropped),
        imported=tuple(before.new()),
        disturbed=disturbance.found(),
        previous=previous,
        _before=before,
        _is_own=is_own_module,
    )


def _module(name: str) -> ModuleType:
    module = sys.modules.get(name)
    if type(module) is not ModuleType and not isinstance(module, ModuleType):
        raise ReloadFailedError(name, f"what is loaded under this name is no module but {type(module).__name__}")
    return module


def _execute(plan: Plan, finder: InPlaceFinder) -> None:
    for step in (*plan.steps, *plan.dropped):
        linecache.cache.pop(step.path, None)
    for name in plan.names:
        del sys.modules[name]
    for step in plan.dropped:
        drop(step.name)
    importlib.invalidate_caches()
    sys.meta_path.insert(0, finder)
    try:
        for name in plan.names:
            importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
    finder.check_identity()


def _restore(before: Imported, previous: tuple[Saved, ...], is_own: Callable[[Any], bool]) -> None:
    before.restore(is_own)
    for saved in previous:
        saved.restore()


def _failure(plan: Plan, finder: InPlaceFinder, error: BaseException) -> ReloadFailedError:
    """Which module raised, and in which of its lines: the deepest of our modules that the traceback goes through."""
    names = {step.path: step.name for step in plan.steps}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in names]
    said = "".join(traceback.format_exception_only(type(error), error)).strip()
    if not frames:
        return ReloadFailedError(finder.executed[-1] if finder.executed else plan.names[0], said)
    last = frames[-1]
    return ReloadFailedError(names[last.filename], f"{said} ({last.filename}, line {last.lineno})")
