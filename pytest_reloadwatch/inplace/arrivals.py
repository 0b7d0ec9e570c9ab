"""Files that came since modules were loaded: an unchanged import may lead to them now, or a name belong to them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_reloadwatch.graph.closure import ImportGraph
    from pytest_reloadwatch.inplace.loaded import LoadedModule

_INIT = "__init__.py"


def awaited(graph: ImportGraph, paths: Iterable[str]) -> frozenset[str]:
    """Places where sources at *paths* look for a module before, or without, finding one: a file there would count."""
    return frozenset(key for path in paths for key in graph.direct(path) if not os.path.exists(key))


def about_arrival(path: str, loaded: Sequence[LoadedModule]) -> Iterator[tuple[str, str]]:
    """Module and reason where a loaded module of the same name would come from *path* in a new process."""
    directory, name = os.path.split(path)
    if not name.endswith(".py") or not os.path.isfile(path) or any(module.path == path for module in loaded):
        return
    if name == _INIT and any(os.path.dirname(module.path) == directory for module in loaded):
        yield os.path.basename(directory), f"is a regular package now, by {path}"
        return
    parts = (directory if name == _INIT else path[: -len(".py")]).split(os.sep)
    tails = {".".join(parts[index:]) for index in range(1, len(parts))}
    for tail in sorted(tails & sys.modules.keys()):
        place = getattr(sys.modules[tail], "__file__", None)
        if tail != "__main__" and place != path:
            yield tail, f"would come from {path} now, not from {place or 'the interpreter'}"
