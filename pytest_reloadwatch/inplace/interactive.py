"""Reload for a person at a prompt: ``reload_changed`` executes again what was edited, and what depends on it."""

from __future__ import annotations

import functools
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import ReloadWatchError, StaleObjectWarning
from pytest_reloadwatch.inplace.apply import apply
from pytest_reloadwatch.inplace.notes import Notes
from pytest_reloadwatch.inplace.own import OwnSources, Reader
from pytest_reloadwatch.inplace.plan import make_plan
from pytest_reloadwatch.inplace.witness import find_stale

if TYPE_CHECKING:
    from types import ModuleType

    from pytest_reloadwatch.inplace.plan import Obstacle, Plan, Step
    from pytest_reloadwatch.inplace.witness import Stale


@dataclass(frozen=True, repr=False)
class Reloaded:
    """What ``reload_changed`` did: *steps* in the order of execution, and who still holds something *stale*.

    As text it says what was reloaded and why, and what was not; of what is stale there were warnings. *error* is what
    failed, and then nothing has changed; *refused* is what cannot be taken in place. *doubts* are effects of the
    executed modules that happened twice. *unknown* are modules of which it is not known what they were loaded from:
    they were saved after this process began and imported before anybody took notes.
    """

    steps: tuple[Step, ...] = ()
    stale: tuple[Stale, ...] = ()
    error: ReloadWatchError | None = None
    refused: tuple[Obstacle, ...] = ()
    doubts: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was executed again."""
        return bool(self.steps)

    @property
    def names(self) -> tuple[str, ...]:
        """The modules that were executed again, in order."""
        return tuple(step.name for step in self.steps)

    def __str__(self) -> str:
        return "\n".join(self._lines()) or "nothing to reload"

    __repr__ = __str__

    def _lines(self) -> list[str]:
        lines = [f"reloaded {step.name}: {step.why}" for step in self.steps]
        lines += [f"mind: {doubt}" for doubt in self.doubts]
        lines += [f"not reloaded: {self.error}"] if self.error else []
        lines += [f"not reloaded: {refused}; start a new process" for refused in self.refused]
        if self.unknown:
            names = ", ".join(self.unknown)
            lines.append(f"not known whether changed: {names} (saved since this process began; name it to reload it)")
        return lines


def reload_changed(*modules: str | ModuleType) -> Reloaded:
    """Execute again the modules whose source has changed since they were loaded, and all that depend on them.

    Of modules below the working directory, of editable installs and of other places on ``sys.path`` that are not the
    interpreter's. *modules*, or their names, are reloaded whether they have changed or not. ``__main__`` is never
    executed again.
    Comments and formatting are no change. Warns with StaleObjectWarning for each holder of an old object. Does not
    raise for a source that fails: then everything is as it was, and the answer's *error* says why.
    """
    names = [module if isinstance(module, str) else module.__name__ for module in modules]
    unloaded = [name for name in names if name not in sys.modules]
    if unloaded:
        raise ValueError(f"not loaded, so not to be reloaded: {', '.join(unloaded)}")
    return session().reload(frozenset(names))


@functools.cache
def session() -> Session:
    """The one of this process, which takes notes from now on."""
    return Session()


class Session:
    """What is known of this process's modules from one reload to the next."""

    def __init__(self) -> None:
        self._sources = OwnSources()
        self._notes = Notes(self._sources.is_own)
        self._notes.watch()
        self._notes.loaded()

    def reload(self, named: frozenset[str]) -> Reloaded:
        """One reload; *named* modules count as changed."""
        now = Reader()
        loaded = self._notes.loaded()
        if not named and all(now(module.path) == module.source for module in loaded):
            return Reloaded(unknown=self._unknown())
        known = [module.forgotten() if module.name in named else module for module in loaded]
        try:
            plan = make_plan(known, now, self._sources.graph(loaded, now), count_layout=False)
            return self._carry_out(plan, now)
        except ReloadWatchError as error:
            return Reloaded(error=error, unknown=self._unknown())

    def _carry_out(self, plan: Plan, now: Reader) -> Reloaded:
        if plan.obstacles or not plan:
            return Reloaded(refused=plan.obstacles, unknown=self._unknown())
        try:
            applied = apply(plan, self._sources.is_own)
        except BaseException:
            self._notes.forget_failed(plan.names)
            raise
        self._notes.executed(applied.executed, now)
        stale = find_stale(applied.previous)
        for one in stale:
            # With a registry of its own, so that it is shown again where it is true again.
            warnings.warn_explicit(StaleObjectWarning(str(one)), None, "pytest_reloadwatch", 1, registry={})
        return Reloaded(
            steps=applied.steps,
            stale=stale,
            doubts=(*map(str, plan.doubts), *applied.disturbed),
            unknown=self._unknown(),
        )

    def _unknown(self) -> tuple[str, ...]:
        return tuple(sorted(self._notes.unknown & sys.modules.keys()))
