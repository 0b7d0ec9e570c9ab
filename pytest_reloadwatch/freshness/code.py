"""Code objects: what a source compiles to, what a bytecode file holds, what functions of a module consist of."""

from __future__ import annotations

import ast
import importlib.util
import marshal
import os
import warnings
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE_LEVEL = "the module level"
_HEADER = 16  # bytes before the code (PEP 552)


def compiled(module: ModuleType, path: str, source: bytes) -> CodeType:
    """What an import of *module* would execute of the *source* that is on disk. Raises SyntaxError, ValueError."""
    loader: Any = getattr(module.__spec__, "loader", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if _compat.is_rewriting(loader):
            return _compat.rewritten_code(loader, path)
        if hasattr(loader, "source_to_code"):  # import hooks that instrument code do it there
            code: CodeType = loader.source_to_code(source, path)
            return code
        return compile(source, path, "exec", dont_inherit=True)


def bytecode_file(module: ModuleType, path: str) -> str:
    """Where the bytecode of *module* is kept."""
    if _compat.is_rewriting(getattr(module.__spec__, "loader", None)):
        return _compat.rewritten_bytecode(path)
    return importlib.util.cache_from_source(path)


def code_in(bytecode: bytes | CodeType) -> CodeType | None:
    """The code in the content of a bytecode file; None where it is of another Python, or broken."""
    if isinstance(bytecode, CodeType):
        return bytecode
    if bytecode[:4] != importlib.util.MAGIC_NUMBER:
        return None
    try:
        found: Any = marshal.loads(bytecode[_HEADER:])
    except (ValueError, EOFError, TypeError):
        return None
    return found if isinstance(found, CodeType) else None


def would_be_used(bytecode: bytes, path: str, source: bytes) -> bool:
    """Whether Python, or pytest, takes this bytecode for that of the *source* at *path*."""
    flags = int.from_bytes(bytecode[4:8], "little")
    if flags & 1:
        return not flags & 2 or bytecode[8:16] == importlib.util.source_hash(source)
    found = os.stat(path)
    stamps = (int(found.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (found.st_size & 0xFFFFFFFF).to_bytes(
        4, "little"
    )
    return bytecode[8:16] in (stamps, importlib.util.source_hash(source))


def differing(one: CodeType, other: CodeType) -> tuple[str, ...]:
    """The names of functions and classes that are not the same in both."""
    first, second = (dict(_parts(code)) for code in (one, other))
    names = sorted(name for name in {*first, *second} if first.get(name) != second.get(name))
    return tuple(names) or ("line numbers",)


def _parts(code: CodeType, prefix: str = "") -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every function's own code, without that of the functions in it."""
    constants = tuple((type(c).__name__, repr(c)) for c in code.co_consts if not isinstance(c, CodeType))
    yield prefix or MODULE_LEVEL, (code.co_code, code.co_names, code.co_varnames, constants)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _parts(inner, f"{prefix}.{inner.co_name}" if prefix else inner.co_name)


def all_codes(code: CodeType) -> Iterator[CodeType]:
    """*code* and that of all functions in it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from all_codes(inner)


def living_functions(module: ModuleType, path: str) -> dict[str, CodeType]:
    """The functions and methods that *module* holds and that were made by executing *path*, by qualified name."""
    return dict(_functions_in(vars(module), module.__name__, "", path))


def _functions_in(namespace: Any, name: str, prefix: str, path: str) -> Iterator[tuple[str, CodeType]]:
    for key, value in list(namespace.items()):
        for function in _plain(value):
            if function.__module__ == name and os.path.abspath(function.__code__.co_filename) == path:
                yield function.__qualname__, function.__code__
        if isinstance(value, type) and value.__module__ == name and value.__qualname__ == prefix + key:
            yield from _functions_in(vars(value), name, f"{value.__qualname__}.", path)


def _plain(value: object) -> Iterator[FunctionType]:
    candidates: tuple[object, ...] = (value,)
    if isinstance(value, (staticmethod, classmethod)):
        candidates = (value.__func__,)
    elif isinstance(value, property):
        candidates = (value.fget, value.fset, value.fdel)
    yield from (one for one in candidates if isinstance(one, FunctionType))


def undecorated(source: bytes) -> set[str]:
    """The qualified names of functions that nothing can have replaced while the module was executed."""
    found: set[str] = set()
    _collect(ast.parse(source), "", found)
    return found


def _collect(node: ast.AST, prefix: str, found: set[str]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if child.decorator_list:
                continue
            if isinstance(child, ast.ClassDef):
                _collect(child, f"{prefix}{child.name}.", found)
            else:
                found.add(prefix + child.name)
        else:
            _collect(child, prefix, found)
