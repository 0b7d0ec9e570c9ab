"""Workers that this machine's session knows nothing of: by ssh, by socket, of another interpreter.

They are told by their command line what to leave out, which any pytest understands.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


def environments(specs: Iterable[str]) -> list[str]:
    """One specification for each process: ``--tx`` may have a number of them before a star."""
    found = []
    for spec in specs:
        count, star, rest = spec.partition("*")
        found += [rest] * int(count) if star and count.isdigit() else [spec]
    return found


def arguments(given: Iterable[str], ours: Mapping[str, bool], left_out: Iterable[str]) -> list[str]:
    """The command line of such a worker: as *given*, without our own options, and with what is *left_out*.

    *ours* says of each option of ours whether it takes a value.
    """
    return [*_without(given, ours), *(f"--deselect={nodeid}" for nodeid in left_out)]


def what_to_leave_out(files: Iterable[str], nodeids: Iterable[str], wanted: Collection[str], root: str) -> list[str]:
    """Beginnings of nodeids under which nothing is *wanted*; *files* are pruned as a whole."""
    names = [os.path.relpath(path, root).replace(os.sep, "/") for path in files if path.startswith(root + os.sep)]
    beginnings = (*names, *nodeids)
    kept = {beginning for beginning in beginnings if any(nodeid.startswith(beginning) for nodeid in wanted)}
    return [beginning for beginning in beginnings if beginning not in kept]


def _without(given: Iterable[str], ours: Mapping[str, bool]) -> Iterator[str]:
    is_value = False
    for argument in given:
        name, has_value, _ = argument.partition("=")
        if is_value and not argument.startswith("-"):
            is_value = False
        elif name in ours:
            is_value = ours[name] and not has_value
        else:
            yield argument
