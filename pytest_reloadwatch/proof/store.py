"""The store: proofs, collected files and what parsed sources gave, in one sqlite file in pytest's cache directory."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from typing import TYPE_CHECKING, TypeAlias

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.fingerprint import Fingerprints
from pytest_reloadwatch.graph.imports import Import, SourceImports
from pytest_reloadwatch.graph.source import Source
from pytest_reloadwatch.proof import chronicle, whole
from pytest_reloadwatch.proof.covered import CoveredTables
from pytest_reloadwatch.proof.model import Collected, Proof
from pytest_reloadwatch.proof.numbers import Functions, Groups, is_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pytest_reloadwatch.proof.covered import Owner
    from pytest_reloadwatch.proof.model import Function, Group

VERSION = "11"
PROOFS_KEPT = 8  # a test: enough for a branch and back, and for a few undone edits
AT_IMPORT = ""  # in place of a nodeid
MANY = 500  # tests from which on it is quicker to read the history of all

SCHEMA = """
-- One row: the version of this schema. Another version is thrown away and rebuilt.
create table meta (version text not null);
-- What anything rests on, each in one of its states.
create table entry (id integer primary key, key text not null, digest text not null, unique (key, digest));
-- Sets of entries that many proofs share. entries: sorted numbers, 32 bits each.
create table dependencies (id integer primary key, entries blob not null unique);
-- Verdicts. groups: ids of dependencies, comma-separated.
create table proof (
    nodeid text not null, environment text not null, path text not null, groups text not null,
    outcome text not null, seconds real not null, waited real, serial integer primary key autoincrement,
    unique (nodeid, environment, groups)
);
-- What collecting a file gave, for one scope (-k, -m, paths). nodeids: a JSON list, in order.
create table collected (
    path text not null, environment text not null, scope text not null, groups text not null,
    nodeid text not null, outcome text not null, nodeids text not null,
    serial integer primary key autoincrement, unique (path, environment, scope, groups)
);
-- Functions by number. name: as graph.fingerprint has it, empty for the module level.
create table function (id integer primary key, path text not null, name text not null, unique (path, name));
-- What each test executed and read when it last ran; with an empty nodeid, what ever executed during an import.
-- functions: numbers, 32 bits each; null where not known.
create table executed (
    nodeid text not null, environment text not null, functions blob, primary key (nodeid, environment)
) without rowid;
-- What was read from a source by parsing it, as JSON: import statements, strings like a module's name, and the digests
-- of its functions. name and code: the digests of its text and its code, with the version of Python.
create table source (name text primary key, code text not null, found text not null);
create index source_by_code on source (code);
"""

_Loaded: TypeAlias = "tuple[dict[str, list[Collected]], dict[str, list[Proof]]]"


class Store:
    """An open store; *path* None keeps it in memory only.

    Raises StoreUnusableError when the file cannot be opened, is corrupt or has another version.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        try:
            self._db = self._open(path)
        except (sqlite3.Error, OSError) as error:
            raise StoreUnusableError(str(error)) from error
        self._groups = Groups(self._db)
        self._functions = Functions(self._db)
        self.chronicle = chronicle.Chronicle(self._db)
        self.failures = whole.Failures(self._db)
        self._ahead: dict[tuple[str, str], _Loaded] = {}

    def close(self) -> None:
        self._db.close()

    def load_ahead(self, environment: str, scope: str) -> None:
        """Load what the next call of ``load`` is to give. Raises StoreUnusableError."""
        self._ahead[environment, scope] = self.load(environment, scope)

    def load(self, environment: str, scope: str) -> _Loaded:
        """Files recorded in this environment and scope, oldest first, and each test's latest proof.

        Raises StoreUnusableError.
        """
        if (environment, scope) in self._ahead:
            return self._ahead.pop((environment, scope))
        try:
            return self._load(environment, scope)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise StoreUnusableError(str(error)) from error

    def _load(self, environment: str, scope: str) -> _Loaded:
        self._groups.read_entries()
        groups = self._groups
        files: dict[str, list[Collected]] = {}
        for path, nodeid, ids, outcome, nodeids in self._db.execute(
            "select path, nodeid, groups, outcome, nodeids from collected"
            " where environment = ? and scope = ? order by serial",
            (environment, scope),
        ):
            record = Collected(path, nodeid, groups.get(ids), outcome, tuple(json.loads(nodeids)))
            files.setdefault(path, []).append(record)
        # The other columns are those of the row with the maximum (sqlite.org/lang_select.html, bare columns).
        latest = (
            "select nodeid, path, groups, outcome, seconds, waited, max(serial)"
            " from proof where environment = ? group by nodeid"
        )
        proofs = {
            nodeid: [Proof(nodeid, path, groups.get(ids), outcome, seconds, waited)]
            for nodeid, path, ids, outcome, seconds, waited, _ in self._db.execute(latest, (environment,))
        }
        return files, proofs

    def history(self, environment: str, nodeids: Collection[str]) -> dict[str, list[Proof]]:
        """All proofs of some tests, oldest first. Raises StoreUnusableError."""
        query = "select nodeid, path, groups, outcome, seconds, waited from proof where environment = ?"
        found: dict[str, list[Proof]] = {}
        try:
            if len(nodeids) > MANY:
                rows: Iterable[tuple[str, str, str, str, float, float | None]]
                rows = self._db.execute(f"{query} order by serial", (environment,))
            else:
                each = f"{query} and nodeid = ? order by serial"
                rows = (row for nodeid in nodeids for row in self._db.execute(each, (environment, nodeid)))
            for nodeid, path, ids, *rest in rows:
                if nodeid in nodeids:
                    found.setdefault(nodeid, []).append(Proof(nodeid, path, self._groups.get(ids), *rest))
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise StoreUnusableError(str(error)) from error
        return found

    def functions(self, path: str) -> Mapping[str, int]:
        """The numbers of the functions in *path* that some test has executed, by name. Raises StoreUnusableError."""
        try:
            return self._functions.of(path)
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def executed(self, environment: str, nodeid: str) -> Collection[int] | None:
        """The functions that a test executed when it last ran; None where that is not known. Raises as above."""
        try:
            row = self._db.execute(
                "select functions from executed where nodeid = ? and environment = ?", (nodeid, environment)
            ).fetchone()
            return None if row is None else self._functions.unpack(row[0])
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise StoreUnusableError(str(error)) from error

    def executed_at_import(self, environment: str) -> set[Function] | None:
        """The functions that executed while modules were imported; None where that is not known. Raises as above."""
        try:
            row = self._db.execute(
                "select functions from executed where nodeid = ? and environment = ?", (AT_IMPORT, environment)
            ).fetchone()
            numbers = () if row is None else self._functions.unpack(row[0])
            return None if numbers is None else self._functions.named(frozenset(numbers))
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise StoreUnusableError(str(error)) from error

    def save(
        self,
        environment: str,
        scope: str,
        files: Iterable[Collected],
        proofs: Iterable[Proof],
        executed: Mapping[str, Collection[Function] | None],
    ) -> dict[str, Collection[int] | None]:
        """Write what a run learned in one transaction. The answer is *executed*, by nodeid or AT_IMPORT, in numbers.

        Of test files whose name is no UTF-8 nothing is kept.
        Raises StoreUnusableError.
        """
        self._ahead.clear()
        try:
            with self._db:
                self._save_files(environment, scope, [file for file in files if is_text(file.path + file.nodeid)])
                self._save_proofs(environment, [proof for proof in proofs if is_text(proof.path + proof.nodeid)])
                return self._save_executed(environment, executed)
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def forget_files(self, environment: str, scope: str, paths: Iterable[str]) -> None:
        """These files are not collected any more. Raises StoreUnusableError."""
        self._ahead.clear()
        rows = [(path, environment, scope) for path in paths]
        try:
            with self._db:
                self._db.executemany("delete from collected where path = ? and environment = ? and scope = ?", rows)
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def source(self, digest: str) -> Source | None:
        """What was read earlier from the source with this digest."""
        return self._find_source("name", digest)

    def source_with_code(self, digest: str) -> Source | None:
        """The same for a source whose code has this digest."""
        return self._find_source("code", digest)

    def _find_source(self, column: str, digest: str) -> Source | None:
        query = f"select found, code from source where {column} = ? limit 1"
        try:
            row = self._db.execute(query, (_versioned(digest),)).fetchone()
        except sqlite3.Error:  # it only saves time, and saving will complain
            return None
        return None if row is None else _parse_source(row[0], row[1])

    def save_sources(self, found: dict[str, Source]) -> None:
        """Remember what parsing gave, by digest. Raises StoreUnusableError."""
        rows = [(_versioned(name), _versioned(source.code), _format_source(source)) for name, source in found.items()]
        try:
            with self._db:
                self._db.executemany("insert or replace into source values (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def covered(self, environment: str) -> tuple[CoveredTables, dict[Owner, Collection[int]]]:
        """What is known of coverage, which has tables only where it is measured. Raises StoreUnusableError."""
        try:
            tables = CoveredTables(self._db)
            return tables, tables.load(environment)
        except (sqlite3.Error, ValueError) as error:
            raise StoreUnusableError(str(error)) from error

    def save_covered(
        self,
        tables: CoveredTables,
        environment: str,
        covered: Mapping[Owner, Collection[int]],
        texts: Mapping[str, bytes],
        measures: str,
    ) -> None:
        """Write what owners have executed, the texts that this is about, and how it was measured.

        Raises StoreUnusableError.
        """
        try:
            with self._db:
                tables.save(environment, covered, texts, measures)
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def name_of(self, groups: Collection[Group]) -> str:
        """A short name for these dependencies, as long as the store is this one. Raises StoreUnusableError."""
        try:
            return self._groups.numbers(groups)
        except sqlite3.Error as error:
            raise StoreUnusableError(str(error)) from error

    def _open(self, path: str | None) -> sqlite3.Connection:
        if path is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        db = sqlite3.connect(path or ":memory:", timeout=5.0)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        # Losing the last second in a power cut costs a rerun, a wait for the disk costs everyone.
        db.execute("pragma synchronous = off")
        tables = db.execute("select count(*) from sqlite_master").fetchone()[0]
        if not tables:
            with db:
                db.executescript(SCHEMA + chronicle.SCHEMA + whole.SCHEMA)
                db.execute("insert into meta values (?)", (VERSION,))
        version = db.execute("select version from meta").fetchone()
        if version != (VERSION,):
            raise sqlite3.DatabaseError(f"it has version {version}, this is version {VERSION}")

    def _save_files(self, environment: str, scope: str, files: Collection[Collected]) -> None:
        rows = [
            (f.path, environment, scope, self._groups.numbers(f.groups), f.nodeid, f.outcome, json.dumps(f.nodeids))
            for f in files
        ]
        self._db.executemany(
            "insert or replace into collected (path, environment, scope, groups, nodeid, outcome, nodeids)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._db.executemany(
            "delete from collected where path = :path and environment = :environment and scope = :scope and serial not"
            " in (select serial from collected where path = :path and environment = :environment and scope = :scope"
            f" order by serial desc limit {PROOFS_KEPT})",
            [{"path": f.path, "environment": environment, "scope": scope} for f in files],
        )

    def _save_proofs(self, environment: str, proofs: Sequence[Proof]) -> None:
        self._db.executemany(
            "insert or replace into proof (nodeid, environment, path, groups, outcome, seconds, waited)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            [
                (p.nodeid, environment, p.path, self._groups.numbers(p.groups), p.outcome, p.seconds, p.waited)
                for p in proofs
            ],
        )
        self._db.executemany(
            "delete from proof where nodeid = :nodeid and environment = :environment and serial not in"
            " (select serial from proof where nodeid = :nodeid and environment = :environment"
            f" order by serial desc limit {PROOFS_KEPT})",
            [{"nodeid": p.nodeid, "environment": environment} for p in proofs],
        )

    def _save_executed(
        self, environment: str, executed: Mapping[str, Collection[Function] | None]
    ) -> dict[str, Collection[int] | None]:
        packed = {nodeid: self._functions.pack(functions) for nodeid, functions in executed.items()}
        self._db.executemany(
            "insert or replace into executed values (?, ?, ?)",
            [(nodeid, environment, numbers) for nodeid, numbers in packed.items() if is_text(nodeid)],
        )
        return {nodeid: self._functions.unpack(numbers) for nodeid, numbers in packed.items()}


def open_store(path: str, environment: str, scope: str) -> tuple[Store, str]:
    """The store at *path*, rebuilt or in memory where need be, and what to tell the person about it.

    It has been loaded for *environment* and *scope*, so that what it holds is known to be readable.
    """
    store = None
    try:
        store = Store(path)
        store.load_ahead(environment, scope)
    except StoreUnusableError as error:
        problem = str(error)
        if store is not None:
            store.close()
    else:
        return store, ""
    try:
        os.remove(path)
        return Store(path), f"the store {path} was unusable ({problem}) and has been rebuilt"
    except (OSError, StoreUnusableError):
        return Store(None), f"the store {path} is unusable ({problem}): what is proven is kept for this session only"


def _versioned(digest: str) -> str:
    return f"{digest} {sys.version_info[0]}.{sys.version_info[1]}"


def _format_source(source: Source) -> str:
    imports = [[i.module, i.names, i.level] for i in source.imports.imports]
    prints = source.prints
    found = [prints.module, dict(prints.functions), prints.spans, dict(prints.bindings), prints.rest, prints.starts]
    return json.dumps([imports, source.imports.strings, source.asks_for_lines, *found])


def _parse_source(text: str, code: str) -> Source:
    imports, strings, asks_for_lines, module, functions, spans, bindings, rest, starts = json.loads(text)
    found = tuple(Import(module, tuple(names), level) for module, names, level in imports)
    placed = tuple((first, last, name) for first, last, name in spans)
    prints = Fingerprints(module, functions, placed, bindings, rest, tuple(starts))
    return Source(SourceImports(found, tuple(strings)), prints, code.partition(" ")[0], asks_for_lines)
