"""What tests get: the assertions of ``checks`` in one object, and those that compare with an earlier moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.freshness import checks
from pytest_reloadwatch.freshness.inspection import Status, describe, generation, resolve, status
from pytest_reloadwatch.inplace import references
from pytest_reloadwatch.record.loads import Loads, record

if TYPE_CHECKING:
    from types import ModuleType


class ModuleFreshness:
    """Assertions about loaded modules, given by name or as objects; from its making on, loading is recorded.

    ``assert_reexecuted`` and ``assert_kept`` are about the run that is under way in a watch session. Outside of one
    they are about the time since this object was made: for the fixture, since the test's setup.
    """

    def __init__(self) -> None:
        self._loads: Loads = record()
        self._before = self._loads.snapshot()

    def assert_fresh(self, *modules: str | ModuleType) -> None:
        """Each was executed from the source, and the bytecode, that is on disk now. Raises AssertionError."""
        __tracebackhide__ = True
        checks.assert_fresh(*modules)

    def assert_stale(self, *modules: str | ModuleType) -> None:
        """Each was executed from another source than the one on disk now. Raises AssertionError."""
        __tracebackhide__ = True
        checks.assert_stale(*modules)

    def assert_same_object(self, module: str | ModuleType) -> None:
        """It, its entry in ``sys.modules`` and its parent's attribute are one object. Raises AssertionError."""
        __tracebackhide__ = True
        checks.assert_same_object(module)

    def assert_reexecuted(self, *modules: str | ModuleType) -> None:
        """Each was executed by the run that is under way, or outside of a session since the setup."""
        __tracebackhide__ = True
        self._assert_executed(modules, wanted=True)

    def assert_kept(self, *modules: str | ModuleType) -> None:
        """Each is there and was not executed by the run that is under way, or outside of a session since the setup."""
        __tracebackhide__ = True
        self._assert_executed(modules, wanted=False)

    def assert_no_stale_references(self, module: str | ModuleType) -> None:
        """Nothing holds an object of an older generation of it; the message names who does. Raises AssertionError."""
        __tracebackhide__ = True
        references.assert_no_stale_references(module, ignored=[self])

    def generation(self, module: str | ModuleType) -> int:
        """1 for what was executed once; in a watch session all its runs count."""
        return generation(module)

    def status(self, module: str | ModuleType) -> Status:
        """Everything that is known of the module, as a value."""
        return status(module)

    def _assert_executed(self, modules: tuple[str | ModuleType, ...], *, wanted: bool) -> None:
        __tracebackhide__ = True
        if not modules:
            raise TypeError("no module is named")
        complaints = [text for module in modules if (text := self._complaint(module, wanted=wanted))]
        if complaints:
            raise AssertionError("\n".join(complaints))

    def _complaint(self, module: str | ModuleType, *, wanted: bool) -> str:
        name, found = resolve(module)
        if found is None:
            return f"{name} is not loaded, so it was neither executed again nor kept"
        load = self._loads.of(found)
        run = self._loads.run
        if run:
            executed, since = load is not None and load.run == run, f"by run {run}, which is under way"
        else:
            executed = self._loads.times(name) > self._before.get(name, 0)
            since = "since the setup of module_freshness (there is no watch session)"
        if executed is wanted:
            return ""
        known = f": {describe(load)}, generation {load.generation}" if load is not None else ""
        return f"{name} was {'not executed' if wanted else 'executed'} {since}{known}"
