"""What children report is kept for as long as the session lives, and no longer."""

import os
import subprocess
import sys
import tempfile

import pytest

from pytest_reloadwatch.session.reports import make_directory, remove_stale


@pytest.fixture(autouse=True)
def _own_place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_what_a_killed_session_has_left_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"reloadwatch-reports-{ended.pid}-x"
    left.mkdir()
    (left / "report").write_text("")
    remove_stale()
    assert not left.exists()


def test_that_of_a_living_session_stays(tmp_path):
    directory = make_directory()
    (tmp_path / "reloadwatch-reports-mine").mkdir()  # not made by a session
    remove_stale()
    assert sorted(os.listdir(tmp_path)) == sorted([os.path.basename(directory), "reloadwatch-reports-mine"])
