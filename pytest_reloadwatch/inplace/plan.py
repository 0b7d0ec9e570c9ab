"""What a reload in place would execute, in which order and why, and what stands in its way, as a value."""

from __future__ import annotations

import functools
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import BrokenSourceError
from pytest_reloadwatch.graph.closure import ImportGraph
from pytest_reloadwatch.graph.imports import UNPARSABLE, source_imports
from pytest_reloadwatch.graph.source import parse, read_source
from pytest_reloadwatch.inplace.arrivals import about_arrival
from pytest_reloadwatch.inplace.doubts import find_doubts
from pytest_reloadwatch.inplace.ordering import components

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_reloadwatch.inplace.loaded import LoadedModule

CHANGED = "changed"


@dataclass(frozen=True)
class Step:
    """One module to execute again; *why* is "changed", or says through which module the change comes."""

    name: str
    path: str
    why: str


@dataclass(frozen=True)
class Obstacle:
    """Why the process cannot take an edit of *module* in place and be as a new one would."""

    module: str
    reason: str

    def __str__(self) -> str:
        return f"{self.module} {self.reason}"


@dataclass(frozen=True)
class Plan:
    """*steps* in the order in which they execute; *dropped* has no source any more, and nobody imports it.

    With *obstacles* it cannot be applied. *doubts* are effects that executing again would repeat or leave behind:
    where the process has to be as a new one would, these stand in the way too.
    """

    steps: tuple[Step, ...] = ()
    dropped: tuple[Step, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    doubts: tuple[Obstacle, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether nothing in the sources says that the process would not be as a new one is."""
        return not self.obstacles and not self.doubts

    def __bool__(self) -> bool:
        return bool(self.steps or self.dropped or self.obstacles)

    def __str__(self) -> str:
        if not self:
            return "nothing to reload"
        lines = [f"{number}. {step.name}: {step.why}" for number, step in enumerate(self.steps, 1)]
        lines += [f"drop {step.name}: {step.why}" for step in self.dropped]
        lines += [f"not in place: {obstacle}" for obstacle in self.obstacles]
        return "\n".join([*lines, *(f"in doubt: {doubt}" for doubt in self.doubts)])

    @property
    def names(self) -> tuple[str, ...]:
        """The modules that execute again, in order."""
        return tuple(step.name for step in self.steps)


def make_plan(
    loaded: Sequence[LoadedModule],
    now: Callable[[str], bytes | None],
    graph: ImportGraph,
    *,
    also_changed: Iterable[str] = (),
    count_layout: bool = True,
) -> Plan:
    """The plan for the sources as they are *now*; everything that changed is parsed before anything else.

    *loaded* is in the order of ``sys.modules``, in which imports ended: of a circle the one that ended last has begun
    first. *now* gives a path's text, None where there is no file. *graph* is that of the
    sources as they are now, with what runs have seen. *also_changed* are other keys on which modules may rest: data
    files, listings, places where a file has come. Without *count_layout* a source in which only comments and
    formatting differ has not changed. Raises BrokenSourceError for the first source that does not parse.
    """
    return _Planner(loaded, now, graph, count_layout=count_layout).plan(set(also_changed))


def graph_of(loaded: Iterable[LoadedModule], read: Callable[[str], bytes | None], roots: Iterable[str]) -> ImportGraph:
    """The import graph of sources alone; *roots* are the first-party directories on ``sys.path``."""
    graph = ImportGraph(lambda path: _imports_in(read(path) or b""))
    graph.set_roots(roots)
    for module in loaded:
        graph.add_module(module.name, module.path)
    return graph


# Most sources are asked about at every reload and have not changed.
_imports_in = functools.lru_cache(maxsize=4096)(source_imports)


def check_syntax(path: str, source: bytes) -> None:
    """Raises BrokenSourceError, with the line, where *source* does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who executes it will hear of it
            compile(source, path, "exec", dont_inherit=True)
    except UNPARSABLE as error:
        raise BrokenSourceError(
            path, getattr(error, "lineno", None), getattr(error, "msg", None) or str(error)
        ) from error


class _Planner:
    def __init__(
        self,
        loaded: Sequence[LoadedModule],
        now: Callable[[str], bytes | None],
        graph: ImportGraph,
        *,
        count_layout: bool,
    ) -> None:
        self._loaded = loaded
        self._texts = {module.path: now(module.path) for module in loaded}
        self._now = now
        self._graph = graph
        self._count_layout = count_layout

    def plan(self, also_changed: set[str]) -> Plan:
        changed = [module for module in self._loaded if self._has_changed(module)]
        gone = [module for module in changed if self._texts[module.path] is None]
        for module in changed:
            check_syntax(module.path, self._texts[module.path] or b"")
        affected = self._affected({module.path for module in changed}, also_changed)
        obstacles = [obstacle for module in gone for obstacle in self._about_gone(module)]
        obstacles += (Obstacle(*words) for key in sorted(also_changed) for words in about_arrival(key, self._loaded))
        steps = [step for step in self._order(affected) if self._texts[step.path] is not None]
        dropped = tuple(Step(module.name, module.path, "its source is gone") for module in gone)
        doubts = find_doubts(self._loaded, self._texts, {step.path for step in steps}, self._graph)
        return Plan(tuple(steps), dropped, tuple(obstacles), tuple(Obstacle(*doubt) for doubt in doubts))

    def _has_changed(self, module: LoadedModule) -> bool:
        text = self._texts[module.path]
        if text is None or module.source is None or self._count_layout or text == module.source:
            return text != module.source
        return _code(text) != _code(module.source)

    def _affected(self, changed: set[str], others: set[str]) -> dict[str, str]:
        """The paths of all that has to execute again, each with the reason."""
        among = {module.path for module in self._loaded}
        ways = self._graph.ways(changed | others, among)
        names = {module.path: module.name for module in self._loaded}
        reasons = dict.fromkeys(changed, CHANGED)
        for path, (steps, through) in ways.items():
            if steps and path not in changed:
                reasons[path] = _reason(through, names.get(through), is_changed=through in changed)
        return reasons

    def _order(self, affected: Mapping[str, str]) -> list[Step]:
        modules = [module for module in self._loaded if module.path in affected]
        by_path: dict[str, list[str]] = {}
        for module in modules:
            by_path.setdefault(module.path, []).append(module.name)
        edges = {
            module.name: [name for path in self._graph.direct(module.path) for name in by_path.get(path, ())]
            for module in modules
        }
        paths = {module.name: module.path for module in modules}
        return [
            Step(name, paths[name], affected[paths[name]])
            for component in components([module.name for module in modules], edges)
            for name in component
        ]

    def _about_gone(self, module: LoadedModule) -> list[Obstacle]:
        other = _other_form(module.path)
        if self._now(other) is not None:
            kind = "a package" if os.path.basename(other) == "__init__.py" else "a plain module"
            return [Obstacle(module.name, f"is {kind} now")]
        importers = [
            other.name
            for other in self._loaded
            if self._texts[other.path] is not None and module.path in self._graph.direct(other.path)
        ]
        if not importers:
            return []
        return [Obstacle(module.name, f"has no source any more, and {', '.join(importers)} still imports it")]


def _reason(through: str, name: str | None, *, is_changed: bool) -> str:
    if name is None:
        return f"rests on {through}, which changed"
    return f"imports {name}, which {'changed' if is_changed else 'executes again'}"


def _other_form(path: str) -> str:
    """Where a module's source would be if it were a package, and the other way round."""
    directory, name = os.path.split(path)
    return f"{directory}.py" if name == "__init__.py" else os.path.join(path[: -len(".py")], "__init__.py")


def _code(text: bytes) -> str:
    return read_source(text, parse(text)).code
