"""The assertions about modules: each an ordinary AssertionError that says what is, and what can be done."""

from __future__ import annotations

import difflib
import os
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING

from pytest_reloadwatch.freshness.inspection import Status, loaded_source, resolve, status
from pytest_reloadwatch.inplace.own import read_source_file

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN = 30  # lines of a difference
_SHORT = 12  # hexadecimal digits of a digest


def assert_fresh(*modules: str | ModuleType) -> None:
    """Each of *modules* was executed from the source that is on disk now. Raises AssertionError."""
    __tracebackhide__ = True
    _assert_each(modules, "fresh", _explain_not_fresh)


def assert_stale(*modules: str | ModuleType) -> None:
    """Each of *modules* was executed from another source than the one on disk now. Raises AssertionError."""
    __tracebackhide__ = True
    _assert_each(modules, "stale", _explain_not_stale)


def assert_same_object(module: str | ModuleType) -> None:
    """*module*, its entry in ``sys.modules`` and its parent's attribute are one object. Raises AssertionError."""
    __tracebackhide__ = True
    name, given = resolve(module)
    entry = sys.modules.get(name)
    problems = []
    if entry is None:
        problems.append(f"sys.modules has no {name}")
    elif given is not entry:
        problems.append(f"sys.modules[{name!r}] is {_describe(entry)}")
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        attribute = getattr(sys.modules[parent], child, None)
        if attribute is not (given if given is not None else entry):
            problems.append(f"the attribute {child} of {parent} is {_describe(attribute)}")
    if problems:
        asked = f"the module asked about is {_describe(given)}" if given is not None else "it is not loaded"
        advice = "whoever imported it before has the other one; look for code that deletes or sets it in sys.modules"
        raise AssertionError("\n  ".join([f"{name} is not one object: {asked}", *problems, advice]))


def _assert_each(
    modules: tuple[str | ModuleType, ...], wanted: str, explain: Callable[[str | ModuleType, Status], str]
) -> None:
    __tracebackhide__ = True
    if not modules:
        raise TypeError("no module is named")
    found = [(module, status(module)) for module in modules]
    complaints = [explain(module, one) for module, one in found if one.state != wanted]
    if complaints:
        raise AssertionError("\n".join(complaints))


def _explain_not_fresh(module: str | ModuleType, found: Status) -> str:
    if found.state != "stale":
        return _explain_unfit(found, "fresh")
    lines = [f"{found.name} is stale: {found.why}", *_digests(found), *_differences(module, found)]
    if "bytecode file that is not of its source" in found.why:
        return "\n".join(
            [*lines, "  Python compares only size and whole seconds: remove __pycache__ and import it again"]
        )
    return "\n".join([*lines, "  import it anew with fresh_import, reload it, or undo the change of the file"])


def _explain_not_stale(module: str | ModuleType, found: Status) -> str:  # noqa: ARG001 - as for the other state
    if found.state != "fresh":
        return _explain_unfit(found, "stale")
    lines = [f"{found.name} is fresh: what is loaded is what {found.path} holds", f"  {found.why}", *_digests(found)]
    return "\n".join(lines)


def _explain_unfit(found: Status, wanted: str) -> str:
    if found.state == "unknown":
        return f"it cannot be told whether {found.name} is {wanted}: {found.why}"
    if found.state == "not loaded":
        return f"{found.name} is not loaded, so it is not {wanted}: {found.why}"
    return f"{found.name} has no source that it could be {wanted} of: {found.why}"


def _digests(found: Status) -> list[str]:
    lines = []
    if found.loaded_digest is not None and found.loaded_digest != found.disk_digest:
        at = time.strftime(" at %H:%M:%S", time.localtime(found.loaded_at)) if found.loaded_at is not None else ""
        lines.append(f"  loaded:  {found.loaded_digest[:_SHORT]}{at}, generation {found.generation}")
    lines.append(f"  on disk: {found.disk_digest[:_SHORT] if found.disk_digest else 'no file'} ({found.path})")
    return lines


def _differences(module: str | ModuleType, found: Status) -> list[str]:
    """A unified diff where the loaded source is known, else the functions that differ."""
    before, path = loaded_source(module), found.path or ""
    now = read_source_file(path)
    if before is not None and now is not None and before != now:
        name = os.path.basename(path)
        old, new = (text.decode("utf-8", "replace").splitlines() for text in (before, now))
        lines = list(difflib.unified_diff(old, new, f"{name} as loaded", f"{name} on disk", lineterm="", n=2))
        more = [f"... and {len(lines) - SHOWN} more lines"] if len(lines) > SHOWN else []
        return [*lines[:SHOWN], *more]
    return [f"  differs: {', '.join(found.differing)}"] if found.differing else []


def _describe(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, ModuleType):
        return f"a module at {id(value):#x} from {getattr(value, '__file__', None) or 'no file'}"
    return f"a {type(value).__name__} at {id(value):#x}"
