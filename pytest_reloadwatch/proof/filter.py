"""The filter: which tests a person wants to see run. What it holds back stays unproven."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Filter:
    """Parts that are empty let everything through.

    *file* and *name* are words that all occur in the file of a nodeid, or behind it, in any case of letters; a
    star in a word stands for anything; *marker* is an expression as that of ``-m``.
    """

    file: str = ""
    name: str = ""
    marker: str = ""

    def __bool__(self) -> bool:
        return bool(self.file or self.name or self.marker)

    def lets_through(self, nodeid: str, markers: Collection[str] | None) -> bool:
        """*markers* are the test's, None where they are not known yet: then it takes part."""
        file, separator, name = nodeid.partition("::")
        if not _occurs(self.file, file) or (separator and not _occurs(self.name, name)):
            return False
        return not self.marker or markers is None or _compat.matches_markers(self.marker, markers)

    def may_let_through(self, file: str) -> bool:
        """Whether a file may have such tests: it is not known which it has."""
        return _occurs(self.file, file)

    def __str__(self) -> str:
        parts = {"file": self.file, "name": self.name, "marker": self.marker}
        return ", ".join(f"{what}: {text}" for what, text in parts.items() if text)


def _occurs(wanted: str, text: str) -> bool:
    text = text.lower()
    return all(_word_occurs(word, text) for word in wanted.lower().split())


def _word_occurs(word: str, text: str) -> bool:
    return re.search(".*".join(map(re.escape, word.split("*"))), text) is not None
