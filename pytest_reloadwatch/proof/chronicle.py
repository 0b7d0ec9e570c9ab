"""What is kept for pictures and advice: rounds with their times, costs of imports, remarks; no verdict rests on it."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import StoreUnusableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ROUNDS_KEPT = 500

SCHEMA = """
-- What each save, wish or question led to: the last few hundred. found: JSON, see session.chronicler.
create table round (
    serial integer primary key autoincrement, environment text not null, at real not null, found text not null
);
-- What modules cost when they were last imported. key: the path of a first-party source, the name of another module.
-- importer: the name of the module that imported it first. seconds: with what it imported itself, own: without.
-- edges: a JSON list of the sources that it rests on in one step.
create table module (
    key text not null, environment text not null, name text not null, importer text not null,
    seconds real not null, own real not null, edges text not null, primary key (key, environment)
) without rowid;
-- What makes things slower, by kind, in words. subject: the test, or the name to allow.
create table remark (
    kind text not null, subject text not null, environment text not null, text text not null,
    primary key (kind, subject, environment)
) without rowid;
"""


class Chronicle:
    """In the store's database *db*. All methods raise StoreUnusableError."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def save(
        self,
        environment: str,
        rounds: Iterable[tuple[float, dict[str, Any]]],
        modules: Iterable[tuple[str, str, str, float, float, list[str]]],
    ) -> None:
        """Rounds are times since the epoch and what was found; modules are rows without their environment."""
        round_rows = [(environment, at, json.dumps(found)) for at, found in rounds]
        rows = [(key, environment, *values, json.dumps(edges)) for key, *values, edges in modules]
        try:
            with self._db:
                self._db.executemany("insert into round (environment, at, found) values (?, ?, ?)", round_rows)
                self._db.execute(
                    "delete from round where serial <= (select max(serial) from round) - ?", (ROUNDS_KEPT,)
                )
                self._db.executemany("insert or replace into module values (?, ?, ?, ?, ?, ?, ?)", rows)
                for table in ("module", "remark"):
                    self._db.execute(f"delete from {table} where environment != ?", (environment,))
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def save_remarks(
        self, environment: str, remarks: Iterable[tuple[str, str, str]], gone: Collection[tuple[str, str]] = ()
    ) -> None:
        """Remarks are kind, subject and text; those that are *gone*, kind and subject, do not hold any more."""
        try:
            with self._db:
                self._db.executemany(
                    "delete from remark where kind = ? and subject = ? and environment = ?",
                    [(*name, environment) for name in gone],
                )
                self._db.executemany(
                    "insert or replace into remark values (?, ?, ?, ?)",
                    [(kind, subject, environment, text) for kind, subject, text in remarks],
                )
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def environment(self) -> str:
        """That of the last session; empty where there was none."""
        found = self._rows("select environment from round order by serial desc limit 1")
        found = found or self._rows("select environment from proof order by serial desc limit 1")
        return str(found[0][0]) if found else ""

    def rounds(self) -> list[dict[str, Any]]:
        """All that are kept, the oldest first, each with ``at``."""
        rows = self._rows("select at, found from round order by serial")
        return [{"at": at, **json.loads(found)} for at, found in rows]

    def modules(self, environment: str) -> list[tuple[str, str, str, float, float, list[str]]]:
        """Key, name, importer, seconds, own seconds, edges."""
        query = "select key, name, importer, seconds, own, edges from module where environment = ?"
        return [(*row[:5], json.loads(row[5])) for row in self._rows(query, environment)]

    def remarks(self, environment: str) -> list[tuple[str, str, str]]:
        """Kind, subject, text."""
        return self._rows("select kind, subject, text from remark where environment = ? order by 1, 2", environment)

    def unwatched(self, environment: str) -> list[str]:
        """The tests of which it is not known what they execute."""
        query = "select nodeid from executed where environment = ? and functions is null and nodeid != '' order by 1"
        return [nodeid for (nodeid,) in self._rows(query, environment)]

    def scopes(self, environment: str) -> list[str]:
        """Those of collected files, the latest last."""
        query = "select scope, max(serial) from collected where environment = ? group by scope order by 2"
        return [scope for scope, _ in self._rows(query, environment)]

    def _rows(self, query: str, *values: str) -> list[Any]:
        try:
            return list(self._db.execute(query, values))
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error
