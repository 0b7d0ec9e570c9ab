"""Where the lines of one text of a source stand in another text of it: pure.

Lines are those of syntax nodes. Two functions with the same digest have the same nodes, so that the lines of one are
those of the other in order, wherever comments, blank lines, formatting and the rest of the file have moved them. So do
the module levels of two texts, where their digests agree. What has changed is nowhere.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.fingerprint import Fingerprints, fingerprints_in
from pytest_reloadwatch.graph.imports import UNPARSABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Outline:
    """The lines of a source's nodes in order: of each function's body, of its head, and of all else.

    *firsts* are the lines in which functions begin, decorators included.
    """

    prints: Fingerprints
    bodies: dict[str, list[int]] = field(default_factory=dict)
    heads: dict[str, list[int]] = field(default_factory=dict)
    firsts: dict[str, int] = field(default_factory=dict)
    rest: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class LineMap:
    """New lines by old ones: those of bodies of functions, those of the module level, and where functions begin."""

    bodies: Mapping[int, int]
    level: Mapping[int, int]
    firsts: Mapping[int, int]

    def line(self, line: int, *, at_import: bool) -> int | None:
        """Where *line* is now; a line of both kinds is meant as what executes, *at_import* or not."""
        order = (self.level, self.bodies) if at_import else (self.bodies, self.level)
        return next((found for kind in order if (found := kind.get(line)) is not None), None)

    def arc(self, first: int, last: int, *, at_import: bool) -> tuple[int, int] | None:
        """The same for both ends of an arc; a negative one is the line in which its code begins."""
        ends = [self._end(line, at_import=at_import) for line in (first, last)]
        return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])

    def _end(self, line: int, *, at_import: bool) -> int | None:
        if line > 0:
            return self.line(line, at_import=at_import)
        found = self.firsts.get(-line) or self.line(-line, at_import=at_import)
        return None if found is None else -found


def outline(source: bytes) -> Outline | None:
    """None where *source* does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except UNPARSABLE:
        return None
    found = Outline(fingerprints_in(tree))
    names = {first: name for first, _, name in found.prints.spans}
    for statement in tree.body:
        _read(statement, found, names)
    return found


def line_map(before: Outline, after: Outline) -> LineMap:
    """How lines of *before* are to be found in *after*."""
    bodies: dict[int, int] = {}
    level: dict[int, int] = {}
    firsts = {line: after.firsts[name] for name, line in before.firsts.items() if name in after.firsts}
    for name, lines in before.bodies.items():
        if before.prints.functions[name] == after.prints.functions.get(name):
            _pair(lines, after.bodies[name], bodies)
    if before.prints.module == after.prints.module:
        firsts.setdefault(1, 1)  # where a module begins, whatever stands there
        for name, lines in before.heads.items():
            _pair(lines, after.heads[name], level)
        _pair(before.rest, after.rest, level)
    return LineMap(bodies, level, firsts)


def _pair(old: list[int], new: list[int], found: dict[int, int]) -> None:
    """The first node of a line, which is the outermost, tells where it is."""
    for line, now in zip(old, new, strict=True):
        found.setdefault(line, now)


def _read(node: ast.AST, found: Outline, names: Mapping[int, str]) -> None:
    """Note a part of the module level, and the functions in it; *names* are theirs by first line."""
    if isinstance(node, _FUNCTIONS):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        head = (child for child in ast.iter_child_nodes(node) if child not in node.body)
        name = names[first]
        found.firsts[name] = first
        found.heads[name] = [node.lineno, *(line for part in head for line in _lines(part))]
        found.bodies[name] = [line for statement in node.body for line in _lines(statement)]
        return
    if hasattr(node, "lineno"):
        found.rest.append(node.lineno)
    for child in ast.iter_child_nodes(node):
        _read(child, found, names)


def _lines(node: ast.AST) -> Iterator[int]:
    """Outer nodes first, in a fixed order."""
    if hasattr(node, "lineno"):
        yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _lines(child)
