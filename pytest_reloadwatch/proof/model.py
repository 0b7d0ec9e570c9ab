"""Outcomes, proofs and collected files as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# From best to worst, as the outside interface orders them.
SEVERITY = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")
BAD = frozenset({"failed", "error"})

Group = frozenset[tuple[str, str]]
"""Dependencies that several proofs share: pairs of key and digest."""

Function = tuple[str, str]
"""A first-party file and a function in it, as graph.fingerprint names them; READ for what is no function."""

READ = "<read>"


def worst(outcomes: Iterable[str]) -> str:
    """The worst of *outcomes*; passed when there are none."""
    return max(outcomes, key=SEVERITY.index, default="passed")


@dataclass(frozen=True)
class Proof:
    """A verdict with the digests of everything it rests on.

    *waited*: how many of its *seconds* the test had nothing to do, None where that is not known.
    """

    nodeid: str
    path: str
    groups: tuple[Group, ...]
    outcome: str
    seconds: float
    waited: float | None = None


@dataclass(frozen=True)
class Collected:
    """What collecting one file gave, in the session's scope, and what that rests on.

    *nodeids* keep pytest's order. An *outcome* of error stands for the file itself, or for a directory,
    whose *path* ends with a separator: then nothing below it is collected.
    """

    path: str
    nodeid: str
    groups: tuple[Group, ...]
    outcome: str
    nodeids: tuple[str, ...]
