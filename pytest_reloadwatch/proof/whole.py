"""What whole runs have told of failures.

In a whole run every test file is collected, and no test comes before its turn. A test can rest on what only other test
files import, and on tests of its own file that ran before: a verdict from a run that passed something over is doubtful
where it is another than that of the last whole run.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.proof.digest import digest_text
from pytest_reloadwatch.proof.model import BAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA = """
-- How tests and files failed in the last whole run that they had a part in; those that did not are not here.
-- alone: whether a run that passed something over has shown the same failure.
create table failure (
    nodeid text not null, environment text not null, failure text not null, alone integer not null,
    primary key (nodeid, environment)
) without rowid;
"""
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True)
class Failure:
    """A failure in a whole run, by its *name*; *alone*: a run that passed something over has shown the same."""

    name: str
    alone: bool


def failure_name(outcome: str, crash: tuple[str, int, str] | None) -> str:
    """The same name for the same failure, wherever in its file it stands by now; empty for what is none."""
    if outcome not in BAD:
        return ""
    path, _, message = crash or ("", 0, "")
    return digest_text("\n".join((outcome, path, _NUMBER.sub("#", message))))


def is_doubtful(name: str, known: Failure | None) -> bool:
    """Whether a whole run might say something else than one that passed something over and gave the failure *name*."""
    if known is None:
        return bool(name)
    return name != known.name if name else not known.alone


class Failures:
    """In the store's database *db*. All methods raise StoreUnusableError."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def load(self, environment: str) -> dict[str, Failure]:
        """By nodeid."""
        query = "select nodeid, failure, alone from failure where environment = ?"
        try:
            return {
                nodeid: Failure(name, bool(alone)) for nodeid, name, alone in self._db.execute(query, (environment,))
            }
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def save(self, environment: str, found: Mapping[str, Failure], gone: Iterable[str]) -> None:
        """These are as they are now; those that are *gone* passed."""
        rows = [(nodeid, environment, failure.name, failure.alone) for nodeid, failure in found.items()]
        try:
            with self._db:
                self._db.executemany("insert or replace into failure values (?, ?, ?, ?)", rows)
                self._db.executemany(
                    "delete from failure where nodeid = ? and environment = ?", [(n, environment) for n in gone]
                )
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error
