"""Pure: what is known of a project becomes findings, the ones that cost most first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from pytest_reloadwatch.facts.known import is_all, sources_in
from pytest_reloadwatch.record.costs import BY_TEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_reloadwatch.facts.known import Known, Module
    from pytest_reloadwatch.proof.model import Proof

SLOW_IMPORT = 0.05  # seconds: what a person notices after each save
SLOW_TEST = 0.5
WIDE = 0.8  # of all modules: a test that rests on so many runs after nearly each edit
FEW_MODULES = 20  # below that, all tests rest on most of it anyway
LISTED = 8


@dataclass(frozen=True)
class Finding:
    """*kind* is a word for programs, *title* and *advice* are for people; *items* say where, a line each."""

    kind: str
    title: str
    advice: str
    items: tuple[str, ...] = ()
    seconds: float | None = None
    count: int = field(default=1)


def no_bytecode(is_off: bool) -> Finding | None:
    """Whether Python may not write bytecode, as with PYTHONDONTWRITEBYTECODE."""
    if not is_off:
        return None
    return Finding(
        "no-bytecode",
        "setting that has Python compile each module again in each new process, and pytest rewrite each test's file",
        "unset PYTHONDONTWRITEBYTECODE (and leave out -B): what a session compiles is then there for the next",
        ("Python does not write bytecode here",),
    )


def findings(known: Known) -> list[Finding]:
    """Everything that was found; what is not known gives no finding (see ``unknown``)."""
    looks: tuple[Callable[[Known], Finding | None], ...] = (
        _installed,
        _slow_imports,
        _impure,
        _opaque,
        _wide,
        _unwatched,
        _slow_tests,
        _flaky,
    )
    return [finding for look in looks if (finding := look(known)) is not None]


def unknown(known: Known) -> list[str]:
    """What nobody can say yet, and how it becomes known."""
    missing = []
    if not any(module.seconds for module in known.modules):
        missing.append("what imports cost is not known yet: run once with --reload-all")
    if not known.proofs:
        missing.append("no test has a verdict yet: run pytest --reload-once")
    if all(round_["once"] for round_ in known.rounds):
        missing.append("what stands in the way of checkpoints is not known yet: start pytest --reload-watch once")
    if not any(round_["cause"] for round_ in known.rounds):
        missing.append("no save is on record yet: what an edit costs is known after the first in a watch session")
    return missing


def standing(known: Known) -> str:
    """A line on how quick it is now, where that was measured."""
    saves = [round_ for round_ in known.rounds if round_["cause"] and round_["runs"]]
    cold = next((round_["cold"] for round_ in reversed(known.rounds) if round_["cold"] is not None), None)
    parts = [f"{len(known.sources())} modules, {len(known.proofs)} tests"]
    if cold is not None:
        parts.append(f"a cold run took {cold:.2f} s")
    if saves:
        took = median(round_["seconds"] for round_ in saves)
        parts.append(f"from save to verdicts {took:.2f} s in the median of {len(saves)}")
    return "; ".join(parts)


def _installed(known: Known) -> Finding | None:
    """An installed package is imported again by each run that begins before it."""
    slow = _slow(module for module in known.modules if not module.path)
    return _of_imports(
        "slow-installed-imports",
        "installed packages that are slow to import, and who imports them first",
        "import them in the function that needs them, or leave them out: a run that begins before that import pays"
        " for it again, and so does every cold run",
        slow,
        lambda module: module.seconds,
    )


def _slow_imports(known: Known) -> Finding | None:
    slow = [module for module in known.sources() if module.own >= SLOW_IMPORT]
    return _of_imports(
        "slow-imports",
        "modules of yours that are slow to import by themselves, and who imports them first",
        "move what they compute at import into a function, perhaps a cached one; until then, the fewer modules they"
        " import themselves, the less often they are executed again",
        sorted(slow, key=lambda module: -module.own),
        lambda module: module.own,
    )


def _of_imports(
    kind: str, title: str, advice: str, slow: list[Module], cost: Callable[[Module], float]
) -> Finding | None:
    if not slow:
        return None
    items = [f"{cost(module):.2f} s  {module.name}, imported by {_name_of(module.importer)}" for module in slow]
    return Finding(kind, title, advice, _shortened(items), round(sum(map(cost, slow)), 3), len(slow))


def _name_of(importer: str) -> str:
    return "a test while it ran" if importer == BY_TEST else importer or "pytest or a plugin"


def _slow(modules: Iterable[Module]) -> list[Module]:
    return sorted((m for m in modules if m.seconds >= SLOW_IMPORT), key=lambda module: -module.seconds)


def _impure(known: Known) -> Finding | None:
    found = [(subject, text) for kind, subject, text in known.remarks if kind == "impure"]
    if not found:
        return None
    items = [f"{text}; if that is harmless, put into the ini file: reload_allow = {allow}" for allow, text in found]
    return Finding(
        "impure",
        "no checkpoint can be taken after this, so runs begin earlier and execute more again",
        "do it in a fixture or a function instead of at import, or allow it where it is harmless for tests",
        _shortened(items),
        count=len(found),
    )


def _opaque(known: Known) -> Finding | None:
    opaque = known.opaque()
    if not opaque:
        return None
    told = {subject: text for kind, subject, text in known.remarks if kind == "opaque"}
    causes = Counter(told.get(nodeid, "") or "a process of unknown name" for nodeid in opaque)
    items = [f"{number} test{'s' * (number > 1)}: {cause}" for cause, number in causes.most_common()]
    some = sorted(opaque)[:3]
    return Finding(
        "opaque",
        "tests that run after each edit, since they start a process that does not report what it reads",
        "start the same Python without -I, -E and -S and not through a shell, or put the call behind a function that"
        f" most tests replace; among them {', '.join(some)}",
        _shortened(items),
        count=len(opaque),
    )


def _wide(known: Known) -> Finding | None:
    """Tests that rest on nearly everything through imports, and the first import that brings most of it."""
    sources = {module.path: module for module in known.sources()}
    if len(sources) < FEW_MODULES:
        return None
    opaque = known.opaque()
    wide: dict[str, list[str]] = {}
    for nodeid, proof in known.proofs.items():
        if nodeid not in opaque and len(_rests_on(proof) & sources.keys()) >= WIDE * len(sources):
            wide.setdefault(proof.path, []).append(nodeid)
    if not wide:
        return None
    reach = _Reach(known)
    blamed: Counter[str] = Counter()
    for path, nodeids in wide.items():
        blamed[reach.widest(path)] += len(nodeids)
    total = sum(map(len, wide.values()))
    return Finding(
        "wide",
        f"tests that rest on at least {WIDE:.0%} of the {len(sources)} modules by what they import",
        "import the module that is meant instead of a package whose __init__ imports all others, in tests and in"
        " conftests; what only one function needs can be imported there",
        _shortened(f"{number} tests: {what}" for what, number in blamed.most_common()),
        count=total,
    )


class _Reach:
    """What a module brings along."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._edges = {module.path: module.edges for module in known.sources()}
        self._found: dict[str, frozenset[str]] = {}

    def widest(self, path: str) -> str:
        """The import of a test's file that brings most; its conftests' where it imports less itself."""
        starts = {path: self._edges.get(path, ())}
        for other, edges in self._edges.items():
            directory, _, name = other.rpartition("/")
            if name == "conftest.py" and path.startswith(f"{directory}/"):
                starts[other] = edges
        choices = [(len(self._of(target)), start, target) for start, targets in starts.items() for target in targets]
        if not choices:
            return "what runs at import, or comes through a registry"
        size, start, target = max(choices)
        whose = self._known.name_of(start) if start != path else "their own file"
        return f"{whose} imports {self._known.name_of(target)}, which brings {size} modules"

    def _of(self, path: str) -> frozenset[str]:
        found = self._found.get(path)
        if found is None:
            reached, waiting = {path}, [path]
            while waiting:
                new = set(self._edges.get(waiting.pop(), ())) - reached
                reached |= new
                waiting += new
            found = self._found[path] = frozenset(reached)
        return found


def _rests_on(proof: Proof) -> set[str]:
    return set().union(*(sources_in(group) for group in proof.groups if not is_all(group)))


def _unwatched(known: Known) -> Finding | None:
    reason = next((text for kind, _, text in known.remarks if kind == "unwatched"), "")
    if not known.unwatched:
        return None
    return Finding(
        "unwatched",
        "tests of which it is not known what they execute: each counts as direct, so they do not come in a good order",
        "leave out what takes the place of the recorder, such as another profiler"
        if reason
        else "run them again; if that does not help, they take the profiler themselves",
        (reason,) if reason else _shortened(sorted(known.unwatched)),
        count=len(known.unwatched),
    )


def _slow_tests(known: Known) -> Finding | None:
    slow = sorted((p for p in known.proofs.values() if p.seconds >= SLOW_TEST), key=lambda proof: -proof.seconds)
    if not slow:
        return None
    return Finding(
        "slow-tests",
        "tests that are slow themselves: no warmth helps them",
        "they come last where they are not direct; look for sleeps, network and fixtures that could be shared",
        _shortened(f"{proof.seconds:.2f} s  {proof.nodeid}" for proof in slow),
        round(sum(proof.seconds for proof in slow), 3),
        len(slow),
    )


def _flaky(known: Known) -> Finding | None:
    flaky = Counter(nodeid for round_ in known.rounds for nodeid in round_["flaky"] if nodeid in known.proofs)
    if not flaky:
        return None
    return Finding(
        "flaky",
        "tests that had another verdict for the same files",
        "look for what they take from the clock, the network, the order of tests, or files that are not seen",
        _shortened(f"{nodeid} ({number} times)" for nodeid, number in flaky.most_common()),
        count=len(flaky),
    )


def _shortened(items: Iterable[str]) -> tuple[str, ...]:
    every = list(items)
    more = (f"and {len(every) - LISTED} more",) if len(every) > LISTED else ()
    return (*every[:LISTED], *more)
