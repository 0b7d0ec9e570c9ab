"""Reads what is known of a project; changes nothing, and runs nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import NoSessionError, NothingKnownError, StoreUnusableError
from pytest_reloadwatch.graph.keys import is_code, path_of
from pytest_reloadwatch.proof.digest import FIRST_PARTY
from pytest_reloadwatch.proof.store import Store
from pytest_reloadwatch.session.clients import ask

if TYPE_CHECKING:
    from pytest_reloadwatch.proof.model import Group, Proof

STORE = os.path.join(".pytest_cache", "d", "reloadwatch", "store.sqlite")
PATIENCE = 10.0  # seconds for a session that is busy


@dataclass(frozen=True)
class Module:
    """A module; *path* is empty where it is installed. *seconds* is with what it imported itself, *own* without."""

    name: str
    path: str
    importer: str
    seconds: float
    own: float
    edges: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """Everything about a project; *live* is what its session tells, None where none runs.

    *proofs* are the latest of each known test. *remarks* are kind, subject and text, as session.chronicler has them;
    *unwatched* are tests of which it is not known what they execute.
    """

    rootdir: str
    modules: tuple[Module, ...]
    rounds: tuple[dict[str, Any], ...]
    remarks: tuple[tuple[str, str, str], ...]
    proofs: dict[str, Proof]
    unwatched: frozenset[str] = frozenset()
    live: dict[str, Any] | None = field(default=None)

    def sources(self) -> list[Module]:
        """The first-party modules, by path."""
        return sorted((module for module in self.modules if module.path), key=lambda module: module.path)

    def name_of(self, path: str) -> str:
        """A path as people know it."""
        path = path_of(path)
        root = self.rootdir + os.sep
        return path[len(root) :] if path.startswith(root) else path

    def opaque(self) -> set[str]:
        """The tests that rest on all first-party source."""
        return {nodeid for nodeid, proof in self.proofs.items() if any(map(is_all, proof.groups))}


def is_all(group: Group) -> bool:
    """Whether all first-party source is in a group of dependencies."""
    return any(key == FIRST_PARTY for key, _ in group)


def sources_in(group: Group) -> set[str]:
    """The sources whose code is in a group of dependencies."""
    return {path_of(key) for key, _ in group if is_code(key)}


def find(directory: str, store: str = "") -> Known:
    """What is known of the project at *directory*, or of the nearest above it; *store* names its store, if given.

    Raises NothingKnownError.
    """
    live = None
    try:
        live = ask(directory, "facts", PATIENCE)
    except (NoSessionError, TimeoutError):
        if not store:
            store = _store_above(directory)
    if live is not None and not store:
        store = live["store"]
    if not os.path.isfile(store):
        raise NothingKnownError(
            f"nothing is known of {directory} yet; run its tests once with: pytest --reload-once"
            " (with another cache_dir in the ini file, name the store with --store)"
        )
    return _read(store, live)


def _read(path: str, live: dict[str, Any] | None) -> Known:
    try:
        store = Store(path)
    except StoreUnusableError as error:
        raise NothingKnownError(f"{path} cannot be read ({error}); pytest --reload-once makes a new one") from error
    try:
        chronicle = store.chronicle
        environment = live["environment"] if live else chronicle.environment()
        scopes = [live["scope"]] if live else chronicle.scopes(environment)[-1:]
        files, proofs = store.load(environment, scopes[0] if scopes else "")
        there = [records[-1] for path, records in files.items() if os.path.exists(path)]
        known = {nodeid for record in there for nodeid in record.nodeids}
        return Known(
            rootdir=live["rootdir"] if live else path[: -len(STORE) - 1] if path.endswith(STORE) else os.getcwd(),
            modules=tuple(module for row in chronicle.modules(environment) if _is_there(module := _module(*row))),
            rounds=tuple(chronicle.rounds()),
            remarks=tuple(chronicle.remarks(environment)),
            proofs={nodeid: found[-1] for nodeid, found in proofs.items() if nodeid in known},
            unwatched=frozenset(chronicle.unwatched(environment)) & known,
            live=live,
        )
    except StoreUnusableError as error:
        raise NothingKnownError(f"{path} cannot be read: {error}") from error
    finally:
        store.close()


def _module(key: str, name: str, importer: str, seconds: float, own: float, edges: list[str]) -> Module:
    return Module(name, key if os.path.isabs(key) else "", importer, seconds, own, tuple(edges))


def _is_there(module: Module) -> bool:
    """Whether it has not been deleted since."""
    return not module.path or os.path.isfile(module.path)


def _store_above(directory: str) -> str:
    place = os.path.realpath(directory)
    while not os.path.isfile(os.path.join(place, STORE)):
        if place == os.path.dirname(place):
            return ""
        place = os.path.dirname(place)
    return os.path.join(place, STORE)
