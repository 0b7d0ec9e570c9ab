"""Which files a command names."""

import os

import pytest

from pytest_reloadwatch.record import commands


@pytest.fixture
def named(tmp_path):
    for name in ("a.txt", "b c.txt", "deep/d.txt", "deep/.hidden", "deep/skipped/e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    def ask(*words, directory=tmp_path):
        found = commands.named_in(words, directory, lambda path: path.startswith(str(tmp_path)) and "skip" not in path)
        return sorted(path.removeprefix(f"{tmp_path}{os.sep}") for path in found)

    return ask


@pytest.mark.parametrize(
    "words",
    [
        ["cat", "a.txt"],
        [b"cat", b"./a.txt"],
        ["tool", "--input=a.txt"],
        ["tool", "none:a.txt"],
        ["sh", "-c", "cat <a.txt|tail"],
        ["sh", "-c", "echo 'unfinished; cat a.txt"],
        ["./a.txt"],
        ["tool", "a.txt", "a.txt", 7, None],
    ],
    ids=str,
)
def test_a_file(named, words):
    assert named(*words) == ["a.txt"]


def test_a_name_with_a_blank(named):
    assert named("cat", "b c.txt") == named("sh", "-c", "cat 'b c.txt'") == ["b c.txt"]


def test_all_below_a_directory_but_what_is_not_wanted(named):
    assert named("ls", "deep") == ["deep/", "deep/d.txt"]


def test_what_a_script_names(named, tmp_path):
    (tmp_path / "run.sh").write_text("echo 1\n. ./lib.sh # more.txt\n")
    (tmp_path / "lib.sh").write_text("cat 'b c.txt'\nsh run.sh\n")
    assert named("sh", "run.sh") == ["b c.txt", "lib.sh", "run.sh"]
    (tmp_path / "deep" / "tool").write_text("#!/bin/sh\ncat a.txt d.txt\n")
    assert named("deep/tool") == ["a.txt", "deep/d.txt", "deep/tool"]


def test_not_too_many(named, monkeypatch):
    monkeypatch.setattr(commands, "MOST", 1)
    assert named("ls", "deep") == ["deep/"]


def test_nothing_where_the_working_directory_is_gone(named, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert named("cat", "a.txt", directory="") == []


def test_from_another_directory(named, tmp_path):
    assert named("cat", "d.txt", directory=tmp_path / "deep") == ["deep/d.txt"]
    assert named("cat", "d.txt") == named("cat", str(tmp_path.parent)) == []
