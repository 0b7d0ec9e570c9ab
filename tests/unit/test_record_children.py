"""Which processes report, how they are told to, and what becomes of a report."""

import os
import subprocess
import sys

import pytest

from pytest_reloadwatch.record.child import sitecustomize as protocol
from pytest_reloadwatch.record.children import Child, passed_over

PYTHON = sys.executable


def reports(*words, directory=None, environment=None):
    return protocol.reports(words, [words[0]], directory, environment)


class TestWhoReports:
    @pytest.mark.parametrize(
        "words",
        [
            "script.py",
            "-c pass",
            "-m pkg",
            "-Bc pass",
            "-W error -c pass",
            "-Werror x.py",
            "-X dev -m pkg",
            "-",
            "-- x.py",
        ],
    )
    def test_this_python(self, words):
        assert reports(PYTHON, *words.split())

    @pytest.mark.parametrize("words", ["-I x.py", "-E x.py", "-S x.py", "-sE x.py", "-BIc pass", "--help"])
    def test_not_without_its_site(self, words):
        assert not reports(PYTHON, *words.split())

    def test_words_of_the_script_are_no_options(self):
        assert reports(PYTHON, "x.py", "-I")

    def test_no_other_program(self):
        assert not reports("/bin/sh", "-c", f"exec {PYTHON} x.py")

    def test_nothing_that_is_not_there(self):
        assert not reports("/nowhere/python")

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (f"#!{PYTHON}", True),
            (f"#! {PYTHON} -B", True),
            (f"#!{PYTHON} -I", False),
            ("#!/bin/sh", False),
            ("#!/usr/bin/env python-of-this-test", True),
            ("#!/usr/bin/env -S python-of-this-test", False),
            ("import os", False),
        ],
    )
    def test_a_script_by_its_first_line(self, tmp_path, line, expected):
        script = tmp_path / "script"
        script.write_text(line + "\nx")
        script.chmod(0o755)
        (tmp_path / "python-of-this-test").symlink_to(os.path.realpath(PYTHON))
        assert reports(str(script), "-I", environment=[b"PATH=" + os.fsencode(tmp_path)]) == expected

    def test_a_relative_program_is_looked_for_where_it_starts(self, tmp_path):
        (tmp_path / "python").symlink_to(os.path.realpath(PYTHON))
        assert reports("./python", "x.py", directory=tmp_path)
        assert not reports("./python", "x.py")


class TestEnvironment:
    HERE = os.fsencode(protocol.HERE)
    ORDER = os.fsencode(protocol.VARIABLE)

    @pytest.mark.parametrize(
        ("before", "path", "state"),
        [
            ([b"A=1"], HERE, b"absent"),
            ([b"PYTHONPATH=", b"A=1"], HERE, b"present"),
            ([b"PYTHONPATH=lib:", b"A=1"], HERE + b":lib:", b"present"),
        ],
    )
    def test_our_directory_comes_first(self, before, path, state):
        entries = protocol.with_report(before, "/tmp/report", "1-2")
        assert dict(entry.split(b"=", 1) for entry in entries) == {
            b"A": b"1", b"PYTHONPATH": path, self.ORDER: state + b":1-2:/tmp/report",
        }  # fmt: skip

    def test_what_is_given_stays(self):
        before = [b"A=1"]
        protocol.with_report(before, "/tmp/report", "0")
        assert before == [b"A=1"]


class TestReport:
    @pytest.fixture
    def child(self, tmp_path):
        return Child(report=str(tmp_path / "report"), pid=os.getpid())

    def tell(self, child, *records):
        with open(child.report, "ab") as file:
            file.writelines(os.fsencode("\0".join(record.split())) + protocol.END for record in records)

    def test_nothing_yet(self, child):
        assert list(child.read()) == []
        assert child.is_silent

    def test_in_pieces(self, child):
        self.tell(child, "S 0 1", "R /a")
        assert list(child.read()) == [("R", ["/a"])]
        with open(child.report, "ab") as file:
            file.write(b"R\0/unfinis")
        assert list(child.read()) == []
        with open(child.report, "ab") as file:
            file.write(b"hed" + protocol.END)
        assert list(child.read()) == [("R", ["/unfinished"])]
        assert not child.is_silent

    def test_a_grandchild_that_says_nothing(self, child):
        self.tell(child, "S 0 1", "X 1-1")
        list(child.read())
        assert child.is_silent
        self.tell(child, "S 1-1 2")
        list(child.read())
        assert not child.is_silent

    def test_something_untold(self, child):
        self.tell(child, "S 0 1", "O")
        list(child.read())
        assert child.is_silent

    @pytest.mark.parametrize(("offspring", "stays"), [("", False), ("F", True), ("X 1-1", True)])
    def test_is_removed_when_nobody_is_left_who_could_add_to_it(self, child, offspring, stays):
        process = subprocess.Popen([PYTHON, "-c", ""])
        child.pid = process.pid
        process.wait()
        self.tell(child, "S 0 1", *filter(None, [offspring]))
        list(child.read())
        assert os.path.exists(child.report) == stays


def test_paths_passed_over():
    places = ["/first", "/second", "/third"]
    before = ["/first/m/__init__.py", "/first/m.py", "/second/m/__init__.py"]
    assert passed_over("m", "/second/m.py", places) == before
    assert passed_over("m", "", ["/first"]) == ["/first/m/__init__.py", "/first/m.py"]
    assert passed_over("/elsewhere/m", "", ["/first"]) == []


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("shop.db", "shop.db"),
        (b"shop.db", b"shop.db"),
        (":memory:", ":memory:"),
        ("file:shop.db", "shop.db"),
        ("file:a%20shop.db?mode=ro#top", "a shop.db"),
        ("file:///srv/shop.db", "/srv/shop.db"),
        ("file://localhost/srv/shop.db", "/srv/shop.db"),
        ("file:shop?mode=memory&cache=shared", None),
        ("file:/shop?vfs=memdb", None),
        ("file::memory:?cache=shared", ":memory:"),
        ("file:", None),
        ("file:%zz", "file:%zz"),
        (1, 1),
    ],
)
def test_where_the_file_of_a_database_is(name, file):
    assert protocol.database(name) == file


def test_a_file_that_is_called_as_a_database_s_uri(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file:shop?mode=memory").touch()
    assert protocol.database("file:shop?mode=memory") == "file:shop?mode=memory"
