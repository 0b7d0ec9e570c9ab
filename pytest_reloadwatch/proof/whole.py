"""What whole runs have told of failures, and of what was skipped or failed as expected.

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
from pytest_reloadwatch.proof.numbers import is_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA = """
-- How tests and files failed in the last whole run that they had a part in; those that did not are not here.
-- alone: whether a run that passed something over has shown the same failure for the same tree.
create table failure (
    nodeid text not null, environment text not null, failure text not null, alone integer not null,
    primary key (nodeid, environment)
) without rowid;
"""
MILD = {"skipped": "is skipped", "xfailed": "fails as expected"}  # outcomes that are no failures, and no passes
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True)
class Failure:
    """A failure in a whole run, by its *name*; *alone*: without the others it was the same, word by word."""

    name: str
    alone: bool


def failure_name(outcome: str, crash: tuple[str, int, str] | None) -> str:
    """The same name for the same failure, wherever in its file it stands by now; empty for what has passed."""
    if outcome not in BAD:
        return outcome if outcome in MILD else ""
    return digest_text(_NUMBER.sub("#", failure_text(outcome, crash)))


def failure_text(outcome: str, crash: tuple[str, int, str] | None) -> str:
    """All that is known of how it failed, but for the line: numbers, too, tell one reason from another."""
    path, _, message = crash or ("", 0, "")
    return "\n".join((outcome, path, message))


def fared(name: str) -> str:
    """In a word how a test fared that failed by this *name*, if it did."""
    if name in MILD:
        return MILD[name]
    return "fails" if name else "passes"


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
        rows = [(n, environment, failure.name, failure.alone) for n, failure in found.items() if is_text(n)]
        try:
            with self._db:
                self._db.executemany("insert or replace into failure values (?, ?, ?, ?)", rows)
                self._db.executemany(
                    "delete from failure where nodeid = ? and environment = ?",
                    [(nodeid, environment) for nodeid in gone if is_text(nodeid)],
                )
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error
