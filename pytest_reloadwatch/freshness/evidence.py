"""What can be told of a module that nobody saw being loaded: from time stamps, bytecode files and its functions.

What these do not prove is unknown; nothing is guessed.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_reloadwatch import BEGAN, LOADED_BEFORE
from pytest_reloadwatch.freshness.code import (
    all_codes,
    bytecode_file,
    code_in,
    compiled,
    differing,
    living_functions,
    undecorated,
    would_be_used,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, ModuleType

# How much later than a change its time stamp may say, in nanoseconds: the kernel's clock for them ticks every few
# milliseconds, and some file systems keep whole seconds.
_LAG = 20_000_000
_COARSE_LAG = 2_000_000_000
_SECOND = 1_000_000_000

UNCHANGED = "its file has not changed since this process began"
UNRECORDED = (
    "nobody recorded what it was executed from, and its file has changed since this process began; "
    "it is recorded with --reload-guard=warn, in a watch session, and from the first use of module_freshness "
    "(or record_loading()) on"
)


@dataclass(frozen=True)
class Verdict:
    """*differing* are the names of functions that are not on disk as they are loaded, where that is known."""

    state: Literal["fresh", "stale", "unknown"]
    why: str
    differing: tuple[str, ...] = ()


def judge(module: ModuleType, path: str, source: bytes) -> Verdict:
    """What is loaded in *module*, compared with the *source* that is at *path* now."""
    try:
        code = compiled(module, path, source)
    except (SyntaxError, ValueError) as error:
        return Verdict("stale", f"what its file holds now cannot be compiled ({error})")
    by_functions = _judge_functions(module, path, source, code)
    if not _was_loaded_before(module) and _is_older(path, BEGAN):
        by_bytecode = judge_bytecode(_cached(module, path, source), code, UNCHANGED)
        return by_bytecode if by_bytecode.state == "stale" else by_functions or by_bytecode
    return by_functions or _judge_cached(module, path, code) or _unknown(module)


def judge_bytecode(used: CodeType | None, code: CodeType, reason: str) -> Verdict:
    """A module that was executed from its present source, or from the bytecode *used* where that is not None."""
    if used is None or used == code:
        return Verdict("fresh", reason)
    return Verdict("stale", "it was executed from a bytecode file that is not of its source", differing(used, code))


def _was_loaded_before(module: ModuleType) -> bool:
    return module.__name__ in LOADED_BEFORE


def _unknown(module: ModuleType) -> Verdict:
    if _was_loaded_before(module):
        return Verdict("unknown", f"it was loaded before pytest_reloadwatch was, so {UNRECORDED.partition('; ')[2]}")
    return Verdict("unknown", UNRECORDED)


def _is_older(path: str, moment: int) -> bool:
    """Whether the last change of the file at *path*, its content or a link to it, is certainly before *moment*.

    A time of status change cannot be set back, as a time of modification can.
    """
    try:
        changes = [os.stat(path).st_ctime_ns, *(os.lstat(link).st_ctime_ns for link in _links(path))]
    except OSError:
        return False
    return all(changed + (_LAG if changed % _SECOND else _COARSE_LAG) < moment for changed in changes)


def _links(path: str) -> Iterator[str]:
    """Those parts of *path* that are symbolic links: to set one to another directory changes no file in either."""
    while path != os.path.dirname(path):
        if os.path.islink(path):
            yield path
        path = os.path.dirname(path)


def _cached(module: ModuleType, path: str, source: bytes) -> CodeType | None:
    """The code that a loader finds in the bytecode file, where it takes that for the source's."""
    try:
        with open(bytecode_file(module, path), "rb") as file:
            content = file.read()
        return code_in(content) if would_be_used(content, path, source) else None
    except (OSError, NotImplementedError):
        return None


def _judge_functions(module: ModuleType, path: str, source: bytes, code: CodeType) -> Verdict | None:
    """Functions that are alive and not on disk, unless a decorator may have replaced them, tell of another source."""
    on_disk = frozenset(all_codes(code))
    known, plain = {inner.co_name for inner in on_disk}, undecorated(source)
    names = sorted(
        name
        for name, living in living_functions(module, path).items()
        if living not in on_disk and (name in plain or name.rpartition(".")[2] not in known)
    )
    return Verdict("stale", "functions of it are not those on disk", tuple(names)) if names else None


def _judge_cached(module: ModuleType, path: str, code: CodeType) -> Verdict | None:
    """Bytecode older than the source's last change: a load after that would have written it anew."""
    try:
        place = bytecode_file(module, path)
        is_old = _is_older(place, os.stat(path).st_ctime_ns)
        with open(place, "rb") as file:
            used = code_in(file.read())
    except (OSError, NotImplementedError):
        return None
    writes = not sys.dont_write_bytecode and os.access(os.path.dirname(place), os.W_OK)
    if used is None or used == code or not is_old or not writes:
        return None
    return Verdict("stale", "it was loaded before its file changed: its bytecode is of then", differing(used, code))
