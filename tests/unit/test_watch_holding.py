"""What a process holds open for writing."""

import os
import sqlite3

import pytest

from pytest_reloadwatch.watch.holding import held

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fdinfo"), reason="only Linux tells")


def test_what_is_open_for_writing_is_held(tmp_path):
    paths = [str(tmp_path / name) for name in ("read.txt", "written.txt", "added.txt", "closed.txt")]
    for path in paths:
        with open(path, "w"):
            pass
    with open(paths[0]), open(paths[1], "w"), open(paths[2], "r+"):
        assert held(os.getpid(), paths) == {paths[1], paths[2]}


def test_what_sqlite_puts_beside_a_database_is_held_with_it(tmp_path):
    path = str(tmp_path / "numbers.db")
    database = sqlite3.connect(":memory:")
    database.execute("attach database ? as numbers", (path,))
    beside = [f"{path}-journal", f"{path}-wal", f"{path}-shm"]
    try:
        assert held(os.getpid(), [path, *beside, f"{path}-copy"]) == {path, *beside}
    finally:
        database.close()
    assert held(os.getpid(), [path]) == set()


def test_of_a_process_that_has_ended_nothing_is_known(tmp_path):
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert held(pid, [str(tmp_path)]) == set()
