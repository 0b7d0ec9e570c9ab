"""Which measured files have been edited between two states of the suite, and what in them has changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.fingerprint import MODULE, changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_reloadwatch.covering.lines import Outline


@dataclass(frozen=True)
class Edited:
    """*functions* are those that have changed or come: first and last line, and name."""

    path: str
    functions: Sequence[tuple[int, int, str]]

    def describe(self, statements: Sequence[int], missing: Sequence[int], directory: str) -> str:
        """How much of the file is covered, and which lines of the changed functions are not."""
        name = os.path.relpath(self.path, directory)
        if not statements:
            return f"{name}: no statements"
        percent = 100 * (len(statements) - len(missing)) // len(statements)
        left = [
            f"{function} {ranges(lines, statements)}"
            for first, last, function in self.functions
            if (lines := [line for line in missing if first <= line <= last])
        ]
        what = f"; not covered in what changed: {', '.join(left)}" if left else ""
        return f"{name}: {percent}% covered{what}"


def ranges(lines: Sequence[int], statements: Sequence[int]) -> str:
    """*lines* as people read them: those with no other statement in between are taken together."""
    parts: list[list[int]] = []
    for statement in sorted(statements):
        if statement not in lines:
            parts.append([])
        elif parts and parts[-1]:
            parts[-1][1:] = [statement]
        else:
            parts.append([statement])
    return ", ".join("-".join(map(str, part)) for part in parts if part)


class Edits:
    """*digest* is that of a file's text, *outline* what a text with a digest holds."""

    def __init__(self, digest: Callable[[str], str], outline: Callable[[str, str], Outline | None]) -> None:
        self._digest = digest
        self._outline = outline
        self._before: dict[str, str] | None = None

    def take(self, paths: Iterable[str]) -> list[Edited]:
        """What has been edited among *paths* since the last call; at first nothing."""
        now = {path: digest for path in paths if (digest := self._digest(path))}
        before, self._before = self._before, now
        if before is None:
            return []
        return [self._compare(path, before.get(path, "")) for path in sorted(now) if now[path] != before.get(path)]

    def _compare(self, path: str, digest: str) -> Edited:
        after = self._outline(self._digest(path), path)
        if after is None:
            return Edited(path, [])
        before = self._outline(digest, path) if digest else None
        names = after.prints.functions.keys() if before is None else changed(before.prints, after.prints) - {MODULE}
        return Edited(path, [span for span in after.prints.spans if span[2] in names])
