"""The store gives back what was saved, and is rebuilt where it is unusable."""

import sqlite3

import pytest

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.fingerprint import Fingerprints
from pytest_reloadwatch.graph.imports import Import, SourceImports
from pytest_reloadwatch.graph.source import Source, parse, read_source
from pytest_reloadwatch.proof.model import Collected, Proof
from pytest_reloadwatch.proof.store import PROOFS_KEPT, Store, open_store

GROUP = frozenset({("a.py", "1")})
FILE = Collected("t.py", "t.py", (GROUP,), "ok", ("t.py::x",))
PROOF = Proof("t.py::x", "t.py", (GROUP,), "passed", 0.5)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "d" / "store.sqlite")


def test_it_gives_back_what_was_saved(path):
    store = Store(path)
    store.save("env", "scope", [FILE], [PROOF], {})
    store.close()
    store = Store(path)
    assert store.load("env", "scope") == ({"t.py": [FILE]}, {"t.py::x": [PROOF]})
    store.close()


def test_another_environment_proves_nothing(path):
    store = Store(path)
    store.save("env", "scope", [FILE], [PROOF], {})
    assert store.load("other", "scope") == ({}, {})
    assert store.load("env", "other") == ({}, {"t.py::x": [PROOF]})
    store.close()


def test_the_latest_verdict_for_a_state_wins(path):
    store = Store(path)
    store.save("env", "scope", [], [PROOF], {})
    failed = Proof("t.py::x", "t.py", (GROUP,), "failed", 0.5)
    store.save("env", "scope", [], [failed], {})
    assert store.load("env", "scope")[1] == {"t.py::x": [failed]}
    store.close()


def test_a_few_proofs_a_test_are_kept(path):
    store = Store(path)
    for number in range(PROOFS_KEPT + 3):
        group = frozenset({("a.py", str(number))})
        store.save("env", "scope", [], [Proof("t.py::x", "t.py", (group,), "passed", 0.1)], {})
    kept = store.history("env", {"t.py::x"})["t.py::x"]
    assert [dict(*p.groups)["a.py"] for p in kept] == [str(n) for n in range(3, PROOFS_KEPT + 3)]
    assert store.load("env", "scope")[1]["t.py::x"] == kept[-1:]
    store.close()


def test_what_parsing_gave_is_kept_by_digest(path):
    store = Store(path)
    found = Source(
        SourceImports((Import("a", ("b",), 1),), ("c.d",)),
        Fingerprints("m", {"f": "1"}, ((1, 2, "f"),)),
        "code",
        asks_for_lines=True,
    )
    store.save_sources({"digest": found})
    assert store.source("digest") == found
    assert store.source("other") is None
    store.close()


def test_a_corrupt_store_is_rebuilt_with_a_word(path, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "store.sqlite").write_bytes(b"no database at all" * 100)
    store, complaint = open_store(path, "env", "scope")
    assert "rebuilt" in complaint
    assert store.load("env", "scope") == ({}, {})
    store.close()


def test_another_version_is_rebuilt_with_a_word(path):
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("update meta set version = '0'")
    db.commit()
    db.close()
    with pytest.raises(StoreUnusableError, match="version"):
        Store(path)
    store, complaint = open_store(path, "env", "scope")
    assert "version" in complaint
    store.close()


def test_what_is_loaded_ahead_is_given_once_and_not_when_more_is_saved(path):
    store = Store(path)
    store.save("env", "scope", [FILE], [], {})
    store.load_ahead("env", "scope")
    ahead = store.load("env", "scope")
    assert ahead == store.load("env", "scope") == ({"t.py": [FILE]}, {})
    store.load_ahead("env", "scope")
    store.save("env", "scope", [], [PROOF], {})
    assert store.load("env", "scope") == ({"t.py": [FILE]}, {"t.py::x": [PROOF]})
    store.close()


def test_no_place_means_in_memory_with_a_word(tmp_path):
    (tmp_path / "file").write_text("")
    store, complaint = open_store(str(tmp_path / "file" / "store.sqlite"), "env", "scope")
    assert "this session only" in complaint
    store.save("env", "scope", [FILE], [PROOF], {})
    assert store.load("env", "scope")[0] == {"t.py": [FILE]}
    store.close()


def test_what_tests_executed_is_kept_by_number(path):
    store = Store(path)
    executed = {"t.py::x": {("a.py", "f"), ("a.py", "C.g")}, "t.py::y": set(), "t.py::z": None}
    store.save("env", "scope", [], [], executed)
    store.close()
    store = Store(path)
    names = {number: name for name, number in store.functions("a.py").items()}
    assert {names[number] for number in store.executed("env", "t.py::x")} == {"f", "C.g"}
    assert list(store.executed("env", "t.py::y")) == []
    assert store.executed("env", "t.py::z") is None
    assert store.executed("other", "t.py::x") is None
    store.close()


def test_a_source_is_found_by_its_code(path):
    store = Store(path)
    text = b"def f(): return 1  # once\n"
    found = read_source(text, parse(text))
    store.save_sources({"digest": found})
    assert store.source_with_code(found.code) == found
    assert store.source_with_code(found.code).prints.function_at(1) == "f"
    assert store.source_with_code("another") is None
    store.close()
