"""What sources say against a reload in place: effects that it would repeat, and those that nothing takes back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.imports import Import, source_imports
from pytest_reloadwatch.graph.inert import WHOLE, extent
from pytest_reloadwatch.inplace.effects import effects_of, lost_effects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_reloadwatch.graph.closure import ImportGraph
    from pytest_reloadwatch.inplace.loaded import LoadedModule


def find_doubts(
    loaded: Sequence[LoadedModule], texts: Mapping[str, bytes | None], affected: set[str], graph: ImportGraph
) -> Iterator[tuple[str, str]]:
    """Module and reason, for what is *affected* or gone; *texts* are the sources as they are now."""
    for module in loaded:
        text = texts[module.path]
        if module.path in affected or text is None:
            yield from _about_execution(module, text or b"")
    yield from _about_imports(loaded, texts, graph)
    yield from _about_order(loaded, texts, affected, graph)


def _about_execution(module: LoadedModule, now: bytes) -> Iterator[tuple[str, str]]:
    for effect in effects_of(now):
        yield module.name, f"would do this once more: {effect}"
    if module.source is not None and now != module.source:
        kept = {_without_line(effect) for effect in effects_of(now)}
        for effect in effects_of(module.source):
            if _without_line(effect) not in kept:
                yield module.name, f"has done this, which stays: {effect}"
        for lost in lost_effects(module.source, now):
            yield module.name, f"may have told others of this, which has gone: {lost}"


def _without_line(effect: str) -> str:
    return effect.partition(": ")[2]


def _about_imports(
    loaded: Sequence[LoadedModule], texts: Mapping[str, bytes | None], graph: ImportGraph
) -> Iterator[tuple[str, str]]:
    """What a module no longer imports, and nobody else does, would not be loaded in a new process."""
    removed = {module.name: names for module in loaded if (names := _removed(module, texts[module.path]))}
    if not removed:
        return
    left = {name for module in loaded for name in _names(module, texts[module.path])}
    orphans = _orphans(loaded, {name for names in removed.values() for name in names} - left, graph)
    by_name = {module.name: module for module in loaded}
    for importer, names in removed.items():
        for name in sorted(names - left):
            if name in by_name:
                continue
            if _is_foreign(name, by_name):
                yield importer, f"no longer imports {name}, which stays loaded with all that it did"
    for module in orphans:
        if extent(module.source or b"raise").strict != WHOLE:
            importers = ", ".join(sorted(importer for importer, names in removed.items() if names - left))
            yield importers, f"no longer imports {module.name}, whose effects stay"


def _about_order(
    loaded: Sequence[LoadedModule], texts: Mapping[str, bytes | None], affected: set[str], graph: ImportGraph
) -> Iterator[tuple[str, str]]:
    """What is imported at another moment than before has had its effects at the old one."""
    by_name = {module.name: module for module in loaded}
    for module in loaded:
        text = texts[module.path]
        if text is None or module.source is None or text == module.source:
            continue
        before = [name for name in _in_order(module, module.source) if name in by_name]
        now = [name for name in _in_order(module, text) if name in by_name]
        moved = [one for one in now if one not in before or _others(now, before, one) != _others(before, now, one)]
        for name in moved:
            if by_name[name].path not in affected and _has_effects(by_name[name], loaded, graph):
                yield module.name, f"imports {name} at another moment, whose effects were had at the old one"


def _others(names: Sequence[str], common: Sequence[str], name: str) -> list[str]:
    """Which names come before this one, of those that two lists have in common."""
    return sorted(one for one in names[: names.index(name)] if one in common)


def _has_effects(module: LoadedModule, loaded: Sequence[LoadedModule], graph: ImportGraph) -> bool:
    reached = graph.closure([module.path])
    return any(one.path in reached and effects_of(one.source or b"") for one in loaded)


def _orphans(loaded: Sequence[LoadedModule], names: set[str], graph: ImportGraph) -> list[LoadedModule]:
    """Modules of these names which nobody imports, and what only they import."""
    importers = {
        module.name: {one.name for one in loaded if one is not module and module.path in graph.direct(one.path)}
        for module in loaded
    }
    orphans = {name for name in names if name in importers and not importers[name]}
    while more := {name for name, those in importers.items() if those and those <= orphans} - orphans:
        orphans |= more
    return [module for module in loaded if module.name in orphans]


def _removed(module: LoadedModule, now: bytes | None) -> set[str]:
    return (
        set() if module.source is None or now == module.source else _names(module, module.source) - _names(module, now)
    )


def _in_order(module: LoadedModule, source: bytes) -> list[str]:
    statements = source_imports(source).imports
    return list(dict.fromkeys(n for one in statements for n in _absolute(one, module.package)))


def _names(module: LoadedModule, source: bytes | None) -> set[str]:
    """The modules that a source may import, by absolute name; of a name in a module it is not known that it is none."""
    return set(_in_order(module, source or b""))


def _absolute(statement: Import, package: str) -> list[str]:
    parts = package.split(".")
    above = ".".join(parts[: len(parts) - statement.level + 1]) if statement.level else ""
    base = ".".join(filter(None, (above, statement.module)))
    found = [base, *(f"{base}.{name}" if base else name for name in statement.names)]
    return list(filter(None, found))


def _is_foreign(name: str, own: Mapping[str, LoadedModule]) -> bool:
    """Whether this is an installed package that is loaded; the standard library touches nothing."""
    head = name.partition(".")[0]
    known = name in sys.modules and head not in sys.stdlib_module_names
    return known and not any(one == head or one.startswith(f"{head}.") for one in own)
