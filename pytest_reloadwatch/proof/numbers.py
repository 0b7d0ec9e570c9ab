"""What many records of the store share, by number: entries, groups of them, and functions."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from pytest_reloadwatch.proof.model import Function, Group

_NUMBERS = "I"  # 32 bits each
_ESCAPED = "\x01"  # no path begins with it


class Groups:
    """Each group, and each entry in one, is read and written once, so that proofs share it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._groups: dict[int, Group] = {}
        self._ids: dict[Group, int] = {}
        self._entries: dict[int, tuple[str, str]] = {}
        self._entry_ids: dict[tuple[str, str], int] = {}

    def get(self, numbers: str) -> tuple[Group, ...]:
        """The groups with these numbers, which have commas in between."""
        return tuple(self._group(int(number)) for number in numbers.split(",") if number)

    def numbers(self, groups: Collection[Group]) -> str:
        """The same the other way round; new ones are written."""
        return ",".join(str(self._id(group)) for group in groups)

    def read_entries(self) -> None:
        """All at once, before many groups are asked for."""
        for number, key, digest in self._db.execute("select id, key, digest from entry"):
            self._note(number, (_from_column(key), digest))

    def _group(self, number: int) -> Group:
        group = self._groups.get(number)
        if group is None:
            row = self._db.execute("select entries from dependencies where id = ?", (number,)).fetchone()
            group = self._groups[number] = frozenset(map(self._entry, array(_NUMBERS, row[0])))
            self._ids[group] = number
        return group

    def _id(self, group: Group) -> int:
        known = self._ids.get(group)
        if known is None:
            entries = array(_NUMBERS, sorted(map(self._entry_id, group))).tobytes()
            self._db.execute("insert or ignore into dependencies (entries) values (?)", (entries,))
            known = self._db.execute("select id from dependencies where entries = ?", (entries,)).fetchone()[0]
            self._ids[group] = known
            self._groups[known] = group
        return known

    def _entry(self, number: int) -> tuple[str, str]:
        entry = self._entries.get(number)
        if entry is None:
            key, digest = self._db.execute("select key, digest from entry where id = ?", (number,)).fetchone()
            entry = self._note(number, (_from_column(key), digest))
        return entry

    def _entry_id(self, entry: tuple[str, str]) -> int:
        known = self._entry_ids.get(entry)
        if known is None:
            row = (_to_column(entry[0]), entry[1])
            self._db.execute("insert or ignore into entry (key, digest) values (?, ?)", row)
            known = self._db.execute("select id from entry where key = ? and digest = ?", row).fetchone()[0]
            self._note(known, entry)
        return known

    def _note(self, number: int, entry: tuple[str, str]) -> tuple[str, str]:
        self._entries[number] = entry
        self._entry_ids[entry] = number
        return entry


class Functions:
    """Functions of a file are read when somebody first asks for one of them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._files: dict[str, dict[str, int]] = {}
        self._ids = _Ids(self)

    def of(self, path: str) -> Mapping[str, int]:
        """Their numbers, by name."""
        known = self._files.get(path)
        if known is None:
            rows = self._db.execute("select name, id from function where path = ?", (_to_column(path),))
            known = self._files[path] = dict(rows)
        return known

    def pack(self, functions: Collection[Function] | None) -> bytes | None:
        """Their numbers; new ones are written."""
        return None if functions is None else array(_NUMBERS, map(self._ids.__getitem__, functions)).tobytes()

    @staticmethod
    def unpack(numbers: bytes | None) -> Collection[int] | None:
        """As an array, for there may be millions of them."""
        return None if numbers is None else array(_NUMBERS, numbers)

    def named(self, numbers: Collection[int]) -> set[Function]:
        """The functions with these numbers."""
        rows = self._db.execute("select id, path, name from function")
        return {(_from_column(path), name) for number, path, name in rows if number in numbers}

    def number(self, function: Function) -> int:
        path, name = function
        known = self.of(path).get(name)
        if known is None:
            row = (_to_column(path), name)
            cursor = self._db.execute("insert into function (path, name) values (?, ?)", row)
            known = self._files[path][name] = cursor.lastrowid or 0
        return known


def is_text(name: str) -> bool:
    """Whether sqlite takes *name* as it is: Python has names of files that are no UTF-8 in surrogates (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _to_column(key: str) -> str:
    return key if is_text(key) else _ESCAPED + key.encode("utf-8", "surrogatepass").hex()


def _from_column(text: str) -> str:
    escaped = text.startswith(_ESCAPED)
    return bytes.fromhex(text[len(_ESCAPED) :]).decode("utf-8", "surrogatepass") if escaped else text


class _Ids(dict["Function", int]):
    """A dictionary, since it is asked millions of times."""

    def __init__(self, functions: Functions) -> None:
        super().__init__()
        self._functions = functions

    def __missing__(self, function: Function) -> int:
        number = self[function] = self._functions.number(function)
        return number
