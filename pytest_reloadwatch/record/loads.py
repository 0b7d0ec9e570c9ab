"""What modules were executed from, noted while it happens: the file's content, when, and how often.

One record for the process, as there is one ``sys.modules``. It is kept in the runs of a watch session, under the guard,
and from the first use of the freshness fixtures on; otherwise nobody notes anything.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
import time
import weakref
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat
from pytest_reloadwatch.proof.digest import digest_bytes
from pytest_reloadwatch.record.disk import abspath
from pytest_reloadwatch.record.earlier import Earlier
from pytest_reloadwatch.record.firstparty import is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType


@dataclass(frozen=True, eq=False)
class Load:
    """One execution of a module.

    *source* is the text at that time; *bytecode* what was executed instead, where it came from a bytecode file: the
    file's content, or the code that pytest had cached. *at* is in seconds since the epoch. *generation* is 1 for the
    first execution; *run* the number of the watch session's run, 0 outside of one, and *cause* what that run was for.
    """

    name: str
    path: str
    source: bytes
    bytecode: bytes | CodeType | None
    at: float
    generation: int
    run: int
    cause: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return digest_bytes(self.source)


@dataclass(frozen=True)
class Again:
    """A module that has been executed once more: into the same object, which held *earlier*, or as another one."""

    name: str
    module: weakref.ref[ModuleType]
    earlier: Earlier | None


@dataclass
class Loads:
    """The record. *run* and *cause* are those of the watch session's run that is under way."""

    run: int = 0
    cause: tuple[str, ...] = ()
    keeps_earlier: bool = False  # whether to note what a module held before it was executed again, in *again*
    again: list[Again] = field(default_factory=list)  # until somebody takes it
    on_load: Callable[[str], None] = lambda _name: None
    _by_name: dict[str, Load] = field(default_factory=dict)
    _by_module: weakref.WeakKeyDictionary[ModuleType, Load] = field(default_factory=weakref.WeakKeyDictionary)
    _times: dict[str, int] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)  # another file of the same name is another module

    def of(self, module: object) -> Load | None:
        """How *module* came to be what it is; an object that a module has put in its place is known by its name."""
        load = self._by_module.get(module) if isinstance(module, ModuleType) else None
        if load is None and getattr(module, "__spec__", None) is None:
            name = str(getattr(module, "__name__", ""))
            load = self._by_name.get(name) if sys.modules.get(name) is module else None
        return load

    def put_back(self, module: ModuleType, load: Load | None) -> None:
        """*module* is again what it was when ``of`` gave *load*; how often it was executed stays."""
        if load is not None:
            self._put(module, load)
        else:
            self._by_module.pop(module, None)
            self._by_name.pop(module.__name__, None)

    def times(self, name: str) -> int:
        """How often the module *name* has been executed, as far as it was noted."""
        return self._times.get(name, 0)

    def snapshot(self) -> dict[str, int]:
        """How often each module has been executed by now."""
        return dict(self._times)

    def assume_loaded(self) -> None:
        """What is there by now has been executed once, as far as anybody knows."""
        for name, module in list(sys.modules.items()):
            path = namespace(module).get("__file__")
            if isinstance(path, str) and not _is_ignored(abspath(path)):
                self._times[name], self._paths[name] = 1, abspath(path)

    def begin_run(self, run: int, cause: Sequence[str], executions: Mapping[str, int]) -> None:
        """A run of a watch session begins, or goes on from a checkpoint; *executions* count all runs before it."""
        self.run, self.cause = run, tuple(cause)
        self._times = dict(executions)
        for module, load in list(self._by_module.items()):
            if _compat.is_initializing(module):  # what is left of it is executed in this run
                times = self._times[load.name] = self.times(load.name) + 1
                self._put(module, replace(load, run=run, cause=self.cause, generation=times))
                self.on_load(load.name)

    def note_file(self, module: ModuleType, path: str, content: bytes, is_second: bool) -> None:
        """A loader has read *path*: bytecode, or the source, second where it had to look at bytecode before."""
        source = abspath(getattr(module, "__file__", None) or path)
        if _is_ignored(source):
            return
        is_source = abspath(path) == source
        before = self._by_module.get(module)
        if is_source and is_second and before is not None:  # the same call of get_code has told of its bytecode
            used = before.bytecode if _is_of(before.bytecode, content) else None
            self._put(module, replace(before, source=content, bytecode=used))
        else:
            self.note(module, source, content if is_source else _read(source), None if is_source else content)

    def note_rewritten(self, module: ModuleType, path: str, code: CodeType | None) -> None:
        """Pytest's loader is about to execute the source *path*, or the *code* that it has cached for it."""
        source = abspath(path)
        if not _is_ignored(source):
            self.note(module, source, _read(source), code)

    def take_again(self) -> list[Again]:
        """What has been executed once more since the last call."""
        again, self.again = self.again, []
        return again

    def note(self, module: ModuleType, path: str, source: bytes, bytecode: bytes | CodeType | None = None) -> None:
        """*module* is about to be executed from *source*, which is what *path* holds, or from *bytecode* instead."""
        name = module.__name__
        before = self.times(name) if self._paths.get(name, path) == path else 0
        if before and self.keeps_earlier:
            is_same = module in self._by_module or sys.modules.get(name) is module
            self.again.append(Again(name, weakref.ref(module), Earlier.of(module) if is_same else None))
        self._times[name], self._paths[name] = before + 1, path
        self._put(module, Load(name, path, source, bytecode, time.time(), before + 1, self.run, self.cause))
        self.on_load(name)

    def _put(self, module: ModuleType, load: Load) -> None:
        self._by_module[module] = load
        self._by_name[load.name] = load


def namespace(module: object) -> dict[str, Any]:
    """A module's own names; looked up past its class, for a lazy module would load itself."""
    try:
        found: dict[str, Any] = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


_loads: list[Loads] = []


def recorded() -> Loads | None:
    """The record, where one is kept."""
    return _loads[0] if _loads else None


def record_loading() -> None:
    """From here on, note what modules are executed from: then it is known, later, whether they are fresh."""
    record()


def record() -> Loads:
    """Keep a record from here on, if that is not done already; it goes on to the end of the process.

    What is loaded by now counts as executed once.
    """
    if not _loads:
        loads = Loads()
        loads.assume_loaded()
        _compat.watch_loading(loads.note_file)
        if "_pytest.assertion.rewrite" in sys.modules:
            _compat.watch_rewriting(loads.note_rewritten)
        _loads.append(loads)
    return _loads[0]


@functools.cache
def _is_ignored(path: str) -> bool:
    """What is installed does not change while tests run, and there is much of it."""
    return is_installed(path)


def _is_of(bytecode: bytes | CodeType | None, source: bytes) -> bool:
    """Whether *bytecode* says by a digest that it is of *source* (PEP 552); then it is what is executed."""
    if not isinstance(bytecode, bytes) or not int.from_bytes(bytecode[4:8], "little") & 1:
        return False
    return bytecode[8:16] == importlib.util.source_hash(source)


def _read(path: str) -> bytes:
    """Empty where the source is gone: whoever loads it fails too, but for unchecked bytecode."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
