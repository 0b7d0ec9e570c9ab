"""The status of one module: whether it is what its file would give now, and how that is known."""

from __future__ import annotations

import difflib
import importlib.machinery
import os
import sys
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pytest_reloadwatch.freshness.code import code_in, compiled
from pytest_reloadwatch.freshness.evidence import Verdict, judge, judge_bytecode
from pytest_reloadwatch.inplace.own import read_source_file
from pytest_reloadwatch.proof.digest import digest_bytes
from pytest_reloadwatch.record.loads import Load, recorded

if TYPE_CHECKING:
    from types import ModuleType

State = Literal["fresh", "stale", "unknown", "sourceless", "not loaded"]
_EXTENSIONS = tuple(importlib.machinery.EXTENSION_SUFFIXES)


@dataclass(frozen=True)
class Status:
    """What is known of a module.

    *state*: it is ``fresh`` where it was executed from the source that is on disk now, ``stale`` where it was not,
    ``unknown`` where nobody can tell, ``sourceless`` where there is no source. *loaded_digest* is that of the source
    which was executed, None where it is not known; *disk_digest* is None where there is no file. *loaded_at* is in
    seconds since the epoch, None where it was not recorded. *generation* is 1 for a first execution. *differing* names
    functions that differ, where no source is known to compare with. *why* is a sentence.
    """

    name: str
    state: State
    path: str | None
    loaded_digest: str | None
    disk_digest: str | None
    loaded_at: float | None
    generation: int
    differing: tuple[str, ...]
    why: str


def status(module: str | ModuleType) -> Status:
    """The status of a module, given by its name or as the module object itself."""
    name, found = resolve(module)
    if found is None:
        return _without(name, "not loaded", _why_not_loaded(name), 0)
    obstacle = _why_sourceless(found)
    if obstacle:
        return _without(name, "sourceless", obstacle, generation(found))
    path = os.path.abspath(str(found.__file__))
    load = _load_of(found)
    source = read_source_file(path)
    if source is None:
        verdict = Verdict("stale", "its file is gone, so a new process could not import it")
    elif load is None:
        verdict = judge(found, path, source)
    else:
        verdict = _judge_recorded(found, load, source)
    disk = None if source is None else digest_bytes(source)
    return Status(
        name=name,
        state=verdict.state,
        path=path,
        loaded_digest=load.digest if load is not None else disk if verdict.state == "fresh" else None,
        disk_digest=disk,
        loaded_at=None if load is None else load.at,
        generation=generation(found),
        differing=verdict.differing,
        why=verdict.why,
    )


def resolve(module: str | ModuleType) -> tuple[str, ModuleType | None]:
    """The name and the object of a module that is given by either; no object where none is loaded."""
    if isinstance(module, str):
        found: Any = sys.modules.get(module)
        return module, found
    return getattr(module, "__name__", repr(module)), module


def loaded_source(module: str | ModuleType) -> bytes | None:
    """The source that was executed, where that was recorded."""
    _, found = resolve(module)
    load = _load_of(found) if found is not None else None
    return None if load is None else load.source


def generation(module: str | ModuleType) -> int:
    """The how-manieth execution *module* comes from: 1 is the first, and 0 says that it is not loaded.

    In a watch session all its runs count, else this process; what was loaded before anything was recorded is 1.
    """
    _, found = resolve(module)
    if found is None:
        return 0
    load = _load_of(found)
    return 1 if load is None else load.generation


def _load_of(module: ModuleType) -> Load | None:
    loads = recorded()
    return None if loads is None else loads.of(module)


def _without(name: str, state: State, why: str, generation: int) -> Status:
    return Status(name, state, None, None, None, None, generation, (), why)


_verified: weakref.WeakKeyDictionary[Load, Verdict] = weakref.WeakKeyDictionary()


def _judge_recorded(module: ModuleType, load: Load, source: bytes) -> Verdict:
    if load.source != source:
        return Verdict("stale", f"its file has another content now; {describe(load)}")
    if load not in _verified:
        _verified[load] = _judge_used_bytecode(module, load)
    found = _verified[load]
    return replace(found, why=describe(load)) if found.state == "fresh" else found  # by now it may have been kept


def _judge_used_bytecode(module: ModuleType, load: Load) -> Verdict:
    if load.bytecode is None:
        return Verdict("fresh", describe(load))
    try:
        code = compiled(module, load.path, load.source)
    except (SyntaxError, ValueError) as error:
        return Verdict("stale", f"it was executed from a bytecode file, and its source cannot be compiled ({error})")
    return judge_bytecode(code_in(load.bytecode), code, describe(load))


def describe(load: Load) -> str:
    """Why a module is what it is, as far as the record tells."""
    loads = recorded()
    if load.run:
        after = f", after a change of {', '.join(load.cause)}" if load.cause else ""
        kept = f", and kept since: run {loads.run} is under way" if loads is not None and loads.run != load.run else ""
        return f"executed in run {load.run} of the session{after}{kept}"
    return "executed when it was first imported" if load.generation == 1 else "executed again in this process"


def _why_not_loaded(name: str) -> str:
    if name in sys.modules:
        return "its entry in sys.modules is None, which makes every import of it fail"
    near = difflib.get_close_matches(name, sys.modules, n=1)
    return "it is not in sys.modules" + (f"; did you mean {near[0]}?" if near else ": import it first")


def _why_sourceless(module: ModuleType) -> str:
    """Empty for a module that has a source file."""
    spec = getattr(module, "__spec__", None)
    origin, path = getattr(spec, "origin", None), getattr(module, "__file__", None)
    if origin in ("built-in", "frozen"):
        return f"it is {origin}, a part of the interpreter"
    if path is None:
        places = ", ".join(map(str, getattr(module, "__path__", ())))
        return f"it is a namespace package and executes nothing ({places})" if places else "it was not made from a file"
    if str(path).endswith(_EXTENSIONS):
        return f"it is an extension module ({path})"
    if str(path).endswith(".pyc"):
        return f"it is a bytecode file without a source ({path})"
    if type(getattr(spec, "loader", None)).__name__ == "zipimporter":
        return f"it comes from an archive ({path})"
    return ""
