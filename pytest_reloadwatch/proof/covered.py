"""What the store keeps of coverage: sets of lines of one text of a file, and who has executed which of them."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from array import array
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_NUMBERS = "q"  # 64 bits each: lines, or the two ends of an arc in one
_SETS = "i"
KEPT = 8  # states of an owner, as of a test's proofs

SCHEMA = """
-- Sources as they were when something in them was covered, compressed. name: the digest of the text.
create table if not exists text (name text primary key, source blob not null) without rowid;
-- Lines or arcs of one text of a file that one owner or several have executed. lines: numbers, 64 bits each.
create table if not exists lines (
    id integer primary key, path text not null, text text not null, context text not null, lines blob not null,
    unique (path, text, context, lines)
);
-- How the latest run has measured, as JSON.
create table if not exists measures (environment text primary key, told text not null) without rowid;
-- Who has executed what, the latest last. kind and name: a test's nodeid, a module's or a collected file's path. state:
-- of a test the groups of its proof, of others the digest of the text. sets: ids of lines, 32 bits each.
create table if not exists covered (
    kind text not null, name text not null, environment text not null, state text not null, sets blob not null,
    primary key (kind, name, environment, state)
);
"""


def to_bytes(numbers: Iterable[int]) -> bytes:
    """As sets of lines are kept: the same for the same numbers."""
    return array(_NUMBERS, sorted(numbers)).tobytes()


def encode(numbers: Iterable[int]) -> str:
    """As sets of lines travel: in any order, for whoever tells of them has no time."""
    return b64encode(array(_NUMBERS, numbers).tobytes()).decode()


def decode(told: str) -> bytes:
    """What ``encode`` gave, as it is kept."""
    return to_bytes(array(_NUMBERS, b64decode(told)))


def numbers_in(lines: bytes) -> array[int]:
    """What ``to_bytes`` was given."""
    return array(_NUMBERS, lines)


@dataclass(frozen=True)
class LineSet:
    """*text* is the digest of the text whose lines these are."""

    path: str
    text: str
    context: str
    lines: bytes

    def numbers(self) -> array[int]:
        return numbers_in(self.lines)


@dataclass(frozen=True)
class Owner:
    """*state* is what of it has to be as it was: for a test the groups of a proof, else the digest of a text."""

    kind: str
    name: str
    state: str


class CoveredTables:
    """Sets are read once, and have the same numbers here as in the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)
        self.sets: dict[int, LineSet] = {}
        self._ids: dict[LineSet, int] = {}

    def load(self, environment: str) -> dict[Owner, Collection[int]]:
        """What each owner has executed, by numbers of sets."""
        self._prune()
        query = "select kind, name, state, sets from covered where environment = ? order by rowid"
        rows = self._db.execute(query, (environment,))
        found: dict[Owner, Collection[int]] = {
            Owner(kind, name, state): array(_SETS, sets) for kind, name, state, sets in rows
        }
        for number, path, text, context, lines in self._db.execute("select * from lines"):
            self.sets[number] = line_set = LineSet(path, text, context, lines)
            self._ids[line_set] = number
        return found

    def _prune(self) -> None:
        """Forget sets of which no owner has one any more, and texts without sets, once they are the most."""
        rows = self._db.execute("select sets from covered")
        used = set[int]().union(*(array(_SETS, sets) for (sets,) in rows))
        unused = [(number,) for (number,) in self._db.execute("select id from lines") if number not in used]
        if len(unused) > len(used):
            with self._db:
                self._db.executemany("delete from lines where id = ?", unused)
                self._db.execute("delete from text where name not in (select text from lines)")

    def number(self, line_set: LineSet) -> int:
        """New ones are written; where that fails, they are known in this session only."""
        known = self._ids.get(line_set)
        if known is None:
            known = self._ids[line_set] = self._insert(line_set)
            self.sets[known] = line_set
        return known

    def _insert(self, line_set: LineSet) -> int:
        values = (line_set.path, line_set.text, line_set.context, line_set.lines)
        with contextlib.suppress(sqlite3.Error):
            cursor = self._db.execute("insert into lines (path, text, context, lines) values (?, ?, ?, ?)", values)
            return cursor.lastrowid or 0
        return -1 - len(self.sets)

    def measures(self, environment: str) -> str:
        """How the latest run has measured; empty where none has."""
        row = self._db.execute("select told from measures where environment = ?", (environment,)).fetchone()
        return "" if row is None else str(row[0])

    def save(
        self, environment: str, covered: Mapping[Owner, Collection[int]], texts: Mapping[str, bytes], measures: str
    ) -> None:
        self._db.execute("insert or replace into measures values (?, ?)", (environment, measures))
        self._db.executemany(
            "insert or ignore into text values (?, ?)",
            [(name, zlib.compress(source, 1)) for name, source in texts.items()],
        )
        self._db.executemany(
            "insert or replace into covered values (?, ?, ?, ?, ?)",
            [(o.kind, o.name, environment, o.state, array(_SETS, sets).tobytes()) for o, sets in covered.items()],
        )
        self._db.executemany(
            "delete from covered where kind = :kind and name = :name and environment = :environment and rowid not in"
            " (select rowid from covered where kind = :kind and name = :name and environment = :environment"
            f" order by rowid desc limit {KEPT})",
            [{"kind": owner.kind, "name": owner.name, "environment": environment} for owner in covered],
        )

    def text(self, name: str) -> bytes | None:
        """The source with this digest, where something in it was covered."""
        with contextlib.suppress(sqlite3.Error):
            row = self._db.execute("select source from text where name = ?", (name,)).fetchone()
            return None if row is None else zlib.decompress(row[0])
        return None

    def has_text(self, name: str) -> bool:
        return self._db.execute("select 1 from text where name = ?", (name,)).fetchone() is not None
