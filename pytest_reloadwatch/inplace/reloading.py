"""``reload_module``: one module, and all that depends on it, executed again for a while."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch._compat import is_rewritten
from pytest_reloadwatch.inplace.apply import apply
from pytest_reloadwatch.inplace.interactive import Reloaded
from pytest_reloadwatch.inplace.notes import Notes
from pytest_reloadwatch.inplace.own import OwnSources, Reader
from pytest_reloadwatch.inplace.plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import ModuleType


@contextlib.contextmanager
def reload_module(module: ModuleType | str, *, keep: Collection[ModuleType | str] = ()) -> Iterator[Reloaded]:
    """Execute *module* again from its source on disk, and everything that imports it; undo that at the end.

    Module objects stay the same, here and afterwards; at the end their namespaces are what they were before, and
    what was imported meanwhile is forgotten. *keep* are dependents that are not executed again; nor are those whose
    assertions pytest has rewritten, for a test module would replace itself while it runs. Raises ReloadFailedError
    or BrokenSourceError, and then everything is as it was.
    """
    with Reloads(keep=keep) as reload:
        yield reload(module)


class Reloads:
    """Any number of reloads; all are undone, the last one first, where the ``with`` ends.

    *root* is where the person's own source is, besides other places on ``sys.path``; the working directory if None.
    """

    def __init__(self, *, keep: Collection[ModuleType | str] = (), root: str | None = None) -> None:
        self._keep = keep
        self._sources = OwnSources(root)
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Reloads:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def __call__(self, module: ModuleType | str) -> Reloaded:
        """Execute *module* and what depends on it again; the answer says what that was, in order, and why."""
        applied = apply(self._plan(_name(module)), self._sources.is_own)
        self._undo.callback(applied.undo)
        return Reloaded(steps=applied.steps, doubts=applied.disturbed)

    def _plan(self, name: str) -> Plan:
        if name not in sys.modules:
            raise ValueError(f"{name} is not loaded, so it cannot be reloaded; import it first")
        now = Reader()
        loaded = Notes(self._sources.is_own).loaded()
        if not any(one.name == name for one in loaded):
            raise ValueError(f"{name} is no module of your own with a source file, so it is not reloaded")
        # All others count as they are on disk: whether they have changed as well is not the question.
        known = [one.forgotten() if one.name == name else one.as_now(now) for one in loaded]
        plan = make_plan(known, now, self._sources.graph(loaded, now))
        kept = {_name(one) for one in self._keep}
        steps = [step for step in plan.steps if step.name not in kept and not is_rewritten(sys.modules[step.name])]
        return Plan(steps=tuple(step for step in plan.steps if step.name == name or step in steps))


def _name(module: ModuleType | str) -> str:
    return module if isinstance(module, str) else module.__name__
