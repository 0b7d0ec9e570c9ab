"""Which text a module was loaded from, where nobody has watched: by times, by its functions, by its bytecode file."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import marshal
import os
import time
from collections import Counter
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.graph.imports import UNPARSABLE
from pytest_reloadwatch.inplace.namespaces import namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = 16  # bytes of a bytecode file before its code (PEP 552)
_PLAIN = (int, float, complex, str, bytes, bool, type(None))


def is_as_loaded(module: ModuleType, path: str, text: bytes) -> bool | None:
    """Whether *module* was executed from *text*, which is at *path* now; None where that cannot be told."""
    if _is_older_than_process(path):
        return True
    try:
        code = compile(text, path, "exec", dont_inherit=True)
    except UNPARSABLE:
        return False  # it would not have loaded
    if _contradicts(namespace(module), code, path) or _constants_differ(namespace(module), text):
        return False
    cached = _cached_code(path)
    return False if cached is not None and cached != code else None


def _is_older_than_process(path: str) -> bool:
    """Whether the file was last touched before this process began, so that it cannot have changed since an import."""
    started = _process_start()
    try:
        status = os.stat(path)
    except OSError:
        return False
    return (
        started is not None and max(status.st_ctime, status.st_mtime) < started - 0.1
    )  # its clock has ticks of a hundredth


def _process_start() -> float | None:
    """Seconds since the epoch; only Linux tells without help."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/uptime", encoding="ascii") as file:
            uptime = float(file.read().split()[0])
        return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")
    return None


def _contradicts(names: dict[str, Any], code: CodeType, path: str) -> bool:
    """Whether a function that the module has was compiled from something else."""
    known = set(all_code(code))
    loaded = [function.__code__ for function in _functions(names) if function.__code__.co_filename == path]
    return any(one not in known for one in loaded)


def _functions(names: dict[str, Any]) -> Iterator[FunctionType]:
    for value in list(names.values()):
        if type(value) is FunctionType and value.__globals__ is names:
            yield value
        elif issubclass(type(value), type) and value.__module__ == names.get("__name__"):
            yield from (one for one in vars(value).values() if type(one) is FunctionType and one.__globals__ is names)


def all_code(code: CodeType) -> Iterator[CodeType]:
    """The code of everything that is defined in *code*."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from all_code(constant)


def _constants_differ(names: dict[str, Any], text: bytes) -> bool:
    """Whether a name that the text binds once, to a literal, stands for another plain value."""
    tree = ast.parse(text)
    bound = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and bound[target.id] == 1 and target.id in names:
                    value = names[target.id]
                    if type(value) in _PLAIN and value != statement.value.value:
                        return True
    return False


def _cached_code(path: str) -> CodeType | None:
    """What the bytecode file holds: an import writes it, so where it is of another text the module is too."""
    try:
        with open(importlib.util.cache_from_source(path), "rb") as file:
            header, body = file.read(_HEADER), file.read()
        if header[:4] != importlib.util.MAGIC_NUMBER:
            return None
        code = marshal.loads(body)
    except (OSError, ValueError, EOFError, TypeError, NotImplementedError):
        return None
    return code if isinstance(code, CodeType) else None
