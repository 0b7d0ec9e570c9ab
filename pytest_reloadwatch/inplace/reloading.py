"""``reload_module``: one module, and all that depends on it, executed again for a while."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.inplace.apply import Applied, apply
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
    what was imported meanwhile is forgotten. *keep* are dependents that are not executed again: a test module that
    would replace itself while it runs, for example. Raises ReloadFailedError or BrokenSourceError, and then
    everything is as it was.
    """
    applied = begin_reload(module, keep)
    try:
        yield Reloaded(steps=applied.steps, doubts=applied.disturbed)
    finally:
        applied.undo()


def begin_reload(module: ModuleType | str, keep: Collection[ModuleType | str] = ()) -> Applied:
    """The same without an end: the caller undoes it."""
    name = _name(module)
    if name not in sys.modules:
        raise ValueError(f"{name} is not loaded, so it cannot be reloaded; import it first")
    sources = OwnSources()
    now = Reader()
    loaded = Notes(sources.is_own).loaded()
    if not any(one.name == name for one in loaded):
        raise ValueError(f"{name} is no module of your own with a source file, so it is not reloaded")
    # All others count as they are on disk: whether they have changed as well is not the question.
    known = [one.forgotten() if one.name == name else one.as_now(now) for one in loaded]
    plan = make_plan(known, now, sources.graph(loaded, now))
    kept = {_name(one) for one in keep} - {name}
    return apply(Plan(steps=tuple(step for step in plan.steps if step.name not in kept)), sources.is_own)


def _name(module: ModuleType | str) -> str:
    return module if isinstance(module, str) else module.__name__
