"""Which files somebody has read, whoever it was (Linux)."""

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_reloadwatch.watch.reads import Reads, leave_mark

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.fixture
def place(tmp_path):
    for name in "one", "two":
        (tmp_path / name).write_text("text")
    return tmp_path


@pytest.fixture
def reads(place):
    made = Reads()
    made.follow([str(place)])
    return made


def test_what_another_program_has_read_and_nothing_else(place, reads):
    subprocess.run(["cat", place / "one"], stdout=subprocess.DEVNULL, check=True)
    (place / "two").write_text("written")
    list(place.iterdir())
    assert list(reads.take()) == [str(place / "one")]
    assert list(reads.take()) == []


def test_what_is_read_and_still_open(place, reads):
    with open(place / "one", "rb", buffering=0) as file:
        assert file.read() == b"text"
        assert list(reads.take()) == [str(place / "one")]


def test_a_directory_that_came_back(place, reads):
    directory = place / "directory"
    for _ in range(2):
        directory.mkdir()
        (directory / "data").write_text("text")
        reads.follow([str(directory)])
        (directory / "data").read_text()
        assert list(reads.take()) == [str(directory / "data")]
        (directory / "data").unlink()
        directory.rmdir()
        assert list(reads.take()) == []


def test_nothing_is_known_where_python_was_built_without_ctypes(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctypes", None)
    reads = Reads()
    reads.follow([str(place)])
    (place / "one").read_text()
    assert list(reads.take()) == []


def test_what_is_read_aside_does_not_count(place, reads):
    (place / "link").symlink_to(place / "two")
    (place / "one").read_text()
    for name in "one", "two", "link":
        reads.aside(lambda path: Path(path).read_text(), str(place / name))
    assert list(reads.take()) == [str(place / "one")]
    (place / "two").read_text()
    assert list(reads.take()) == [str(place / "two")]


def test_a_mark_parts_what_was_read_before_from_what_is_read_after(place, reads, tmp_path_factory):
    marks = tmp_path_factory.mktemp("marks")
    reads.follow_marks(str(marks))
    (place / "two").read_text()
    first, second = leave_mark(str(marks)), leave_mark(str(marks))
    (place / "one").read_text()
    (place / "two").read_text()
    assert list(reads.take()) == [str(place / "two"), first, second, str(place / "one")]
    assert list(marks.iterdir()) == []


def test_how_often_each_was_closed(place, reads):
    with open(place / "one") as file:
        file.read()
        (place / "two").read_text()
        (place / "two").read_text()
        (place / "two").write_text("written")
        assert reads.take() == {str(place / "one"): 0, str(place / "two"): 2}
    assert reads.take() == {str(place / "one"): 1}
