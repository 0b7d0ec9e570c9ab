"""Makes a warm process fresh for its next run: what changed, and what depends on it, executes again in place.

Where that would not be as a new process is, it says why instead.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import BrokenSourceError, ReloadFailedError, UnfitError
from pytest_reloadwatch.inplace.apply import apply
from pytest_reloadwatch.inplace.loaded import LoadedModule
from pytest_reloadwatch.inplace.plan import graph_of, make_plan
from pytest_reloadwatch.inplace.witness import find_stale
from pytest_reloadwatch.proof.digest import is_listing, is_path
from pytest_reloadwatch.worker.effects import effect_of
from pytest_reloadwatch.worker.imports import ImportChanges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pytest_reloadwatch.graph.closure import ImportGraph
    from pytest_reloadwatch.inplace.plan import Plan, Step
    from pytest_reloadwatch.record.firstparty import FirstParty
    from pytest_reloadwatch.rewind.finder import RewindFinder
    from pytest_reloadwatch.worker.life import WorkerLife


class Refresh:
    """*life* knows what the process has executed and what that rests on."""

    def __init__(self, life: WorkerLife, finder: RewindFinder, first_party: FirstParty) -> None:
        self._life = life
        self._finder = finder
        self._first_party = first_party
        self._early = frozenset(sys.modules)  # when one of these changes the session starts over

    def refresh(self, stale: Collection[str]) -> tuple[Step, ...]:
        """The modules that were executed again, now that the keys *stale* are not as they were.

        Raises UnfitError where this process cannot go on.
        """
        if not stale:
            return ()
        loaded = list(self._loaded())
        self._check_others(set(stale) - {module.path for module in loaded})
        plan = self._plan(loaded, stale)
        if plan.steps or plan.dropped:
            self._apply(plan)
        return plan.steps

    def _loaded(self) -> Iterator[LoadedModule]:
        """First-party modules, in the order of import; conftests that pytest has put aside as well."""
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None)
            if not isinstance(path, str) or name in self._early:
                continue
            path = os.path.abspath(path)
            if not self._first_party.is_source(path):
                continue
            if path not in self._life.sources:
                raise UnfitError(f"{name} was imported unseen")
            yield LoadedModule(name, path, self._life.sources[path])

    def _check_others(self, keys: Collection[str]) -> None:
        """Of what is no loaded module's source."""
        for key in sorted(keys):
            if not is_path(key):
                raise UnfitError("it had read something that was being written")
            if key in self._life.ambient:
                raise UnfitError(f"{self._short(key)} was read while plugins and conftests started")
            if not is_listing(key) and key.endswith(".py"):
                self._check_shadow(key)

    def _check_shadow(self, path: str) -> None:
        """A source has come or gone, or it could not be executed before."""
        directory, name = os.path.split(path)
        tail = os.path.basename(directory) if name == "__init__.py" else name[: -len(".py")]
        for other in list(sys.modules):
            if other.rpartition(".")[2] == tail:
                raise UnfitError(f"{self._short(path)} may take the place of {other}")

    def _plan(self, loaded: list[LoadedModule], stale: Collection[str]) -> Plan:
        graph = graph_of(loaded, self._life.read, self._finder.first_party_places())
        for source, keys in self._life.edges.items():
            for key in keys:
                graph.add_edge(source, key)
        try:
            plan = make_plan(loaded, self._life.read, graph, also_changed=stale)
        except BrokenSourceError as error:
            raise UnfitError(f"{self._short(error.path)} does not parse") from error
        for obstacle in (*plan.obstacles, *plan.doubts):
            raise UnfitError(str(obstacle))
        self._check_conftests(plan, graph, stale)
        self._check_imports(plan, loaded)
        for step in (*plan.steps, *plan.dropped):
            self._check_effect(step.name, step.path)
        return plan

    def _check_imports(self, plan: Plan, loaded: list[LoadedModule]) -> None:
        sources = {module.name: self._life.sources[module.path] for module in loaded}
        now = {step.name: self._life.read(step.path) or b"" for step in plan.steps}
        gone = {step.name for step in plan.dropped}
        changes = ImportChanges(
            {name: source for name, source in {**sources, **now}.items() if name not in gone},
            lambda name: effect_of(sources[name], sys.modules[name]),
        )
        for name in now:
            if problem := changes.problem(name, sources[name]):
                raise UnfitError(f"{name} {problem}")

    def _check_effect(self, name: str, path: str) -> None:
        if effect := effect_of(self._life.sources[path], sys.modules[name]):
            raise UnfitError(f"{name} {effect}")

    def _check_conftests(self, plan: Plan, graph: ImportGraph, stale: Collection[str]) -> None:
        """One that is put aside cannot be executed by its name, for that is another's."""
        kept = self._life.shelf.modules
        aside = {path for path, module in kept.items() if sys.modules.get(module.__name__) is not module}
        for path in sorted(aside & graph.dependents({*stale, *(step.path for step in plan.steps)}, aside)):
            raise UnfitError(f"{self._short(path)} cannot be executed again by its name")

    def _apply(self, plan: Plan) -> None:
        paths = {step.path for step in (*plan.steps, *plan.dropped)}
        aside = {path: module for path, module in self._life.shelf.modules.items() if path in paths}
        self._life.shelf.let_go(paths)
        try:
            applied = apply(plan, self._first_party.is_source)
        except ReloadFailedError as error:
            raise UnfitError(str(error)) from error
        self._life.shelf.modules.update(aside)
        for disturbed in applied.disturbed:
            raise UnfitError(disturbed)
        for step in plan.steps:
            self._check_effect(step.name, step.path)
        for name in applied.imported:
            self._check_new(name)
        for holder in find_stale(applied.previous):
            raise UnfitError(str(holder))

    def _check_new(self, name: str) -> None:
        """A module that one of those imported for the first time."""
        path = os.path.abspath(getattr(sys.modules.get(name), "__file__", None) or "")
        if path in self._life.sources:
            self._check_effect(name, path)
        elif name.partition(".")[0] not in sys.stdlib_module_names:
            raise UnfitError(f"{name} is imported for the first time")

    def _short(self, path: str) -> str:
        root = self._first_party.rootdir + os.sep
        return path[len(root) :] if path.startswith(root) else path
