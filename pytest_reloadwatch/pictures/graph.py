"""The import graph of a project as data for its page."""

from __future__ import annotations

import base64
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.facts.known import is_all, sources_in
from pytest_reloadwatch.pictures.layout import place
from pytest_reloadwatch.pictures.page import make_page
from pytest_reloadwatch.record.costs import BY_TEST

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_reloadwatch.facts.known import Known, Module
    from pytest_reloadwatch.proof.model import Group

HOT = 4  # files
INSTALLED = 40  # of the most costly installed modules


def draw_graph(known: Known) -> str:
    """One HTML page."""
    title = f"{os.path.basename(known.rootdir)}: import graph"
    return make_page(title, "graph.html", "graph.js", graph_data(known))


def graph_data(known: Known) -> dict[str, Any]:
    """Nodes are numbered in the order of their paths."""
    modules = known.sources()
    numbers = {module.path: number for number, module in enumerate(modules)}
    by_name = {module.name: number for number, module in enumerate(modules)}
    edges = [[numbers[path] for path in module.edges if path in numbers] for module in modules]
    places = place([module.path for module in modules], edges)
    last = next((round_ for round_ in reversed(known.rounds) if round_["cause"]), None)
    return {
        "project": os.path.basename(known.rootdir),
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "live": known.live is not None,
        "names": [_shown(known, module) for module in modules],
        "paths": [known.name_of(module.path) for module in modules],
        "edges": edges,
        "places": [[place.column, place.row] for place in places],
        "seconds": [module.seconds for module in modules],
        "own": [module.own for module in modules],
        "by_test": [n for n, module in enumerate(modules) if module.importer == BY_TEST],
        "payers": [by_name.get(module.importer, -1) for module in modules],
        "hot": [numbers[path] for path in _hot(known) if path in numbers],
        "last": last and _last(last, known, modules),
        "installed": _installed(known, by_name),
        **_tests(known, numbers),
    }


def _shown(known: Known, module: Module) -> str:
    """Tests and conftests go by their files: several can have the same name."""
    name = os.path.basename(module.path)
    if name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py"):
        return known.name_of(module.path)
    return module.name


def _hot(known: Known) -> list[str]:
    """The files edited lately; of a project without a session those that were edited in its last rounds."""
    if known.live is not None:
        return list(known.live["hot"])
    causes = [cause for round_ in reversed(known.rounds) for cause in round_["cause"] if cause.endswith(".py")]
    return [os.path.join(known.rootdir, cause) for cause in list(dict.fromkeys(causes))[:HOT]]


def _last(last: dict[str, Any], known: Known, modules: Sequence[Module]) -> dict[str, Any]:
    files = set(last["reexecuted"])
    return {
        "cause": last["cause"],
        "at": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last["at"])),
        "seconds": last["seconds"],
        "tests": last["tests"],
        "known": last["known"],
        "changed": [n for n, module in enumerate(modules) if known.name_of(module.path) in last["cause"]],
        "reexecuted": [n for n, module in enumerate(modules) if module.path in files],
    }


def _installed(known: Known, by_name: dict[str, int]) -> list[tuple[str, float, int, str]]:
    """Name, seconds, and who pays: a node, or nobody's import, as that of a test or a hook."""
    found = sorted((m for m in known.modules if not m.path), key=lambda module: -module.seconds)
    return [(m.name, m.seconds, by_name.get(m.importer, -1), _importer(m)) for m in found[:INSTALLED]]


def _importer(module: Module) -> str:
    return "a test" if module.importer == BY_TEST else module.importer or "pytest or a plugin"


def _tests(known: Known, numbers: dict[str, int]) -> dict[str, Any]:
    """Tests by file, each with the groups of modules that it rests on; groups are sets of bits."""
    group_numbers: dict[Group, int] = {}
    groups: list[str | int] = []
    files: dict[str, list[Any]] = {}
    for nodeid, proof in known.proofs.items():
        for group in proof.groups:
            if group not in group_numbers:
                group_numbers[group] = len(groups)
                groups.append(1 if is_all(group) else _bits({numbers[p] for p in sources_in(group) if p in numbers}))
        file = known.name_of(proof.path)
        name = nodeid.partition("::")[2] or nodeid
        files.setdefault(file, []).append([name, proof.outcome, *(group_numbers[group] for group in proof.groups)])
    counts = Counter(outcome for tests in files.values() for _, outcome, *_ in tests)
    return {"groups": groups, "tests": files, "outcomes": counts}


def _bits(numbers: Collection[int]) -> str:
    """In base 64, the lowest number first."""
    value = sum(1 << number for number in numbers)
    return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, "little")).decode()
