"""What was read before the root, and which of its changes make a session start over."""

from types import SimpleNamespace

import pytest

from pytest_reloadwatch.proof.digest import listing_key
from pytest_reloadwatch.record.firstparty import FirstParty
from pytest_reloadwatch.session.beginning import Beginning


@pytest.fixture
def beginning(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest]\naddopts = ["-q"]\n[tool.other]\nx = 1\n')
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    config = SimpleNamespace(
        rootpath=tmp_path,
        invocation_params=SimpleNamespace(dir=tmp_path),
        inipath=tmp_path / "pyproject.toml",
        known_args_namespace=SimpleNamespace(capture="fd"),
    )
    return Beginning(config, FirstParty(str(tmp_path), str(tmp_path / ".pytest_cache")))


def test_only_pytests_part_of_a_shared_file_counts(beginning, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.other]\nx = 2\n[tool.pytest]\naddopts = ["-q"]\n')
    assert beginning.changed([str(path)]) == ""
    path.write_text('[tool.pytest]\naddopts = ["-v"]\n')
    assert beginning.changed([str(path)]) == "pyproject.toml changed"


def test_all_of_pytests_own_file_counts(beginning, tmp_path):
    (tmp_path / "pytest.ini").write_text("")
    assert beginning.changed([str(tmp_path / "pytest.ini")]) == "pytest.ini changed"


def test_an_installed_distribution_counts_and_other_files_beside_it_do_not(beginning, tmp_path):
    key = listing_key(str(tmp_path / "site"))
    assert key in beginning.keys
    (tmp_path / "site" / "module.py").write_text("")
    assert beginning.changed([key]) == ""
    (tmp_path / "site" / "thing-2.0.dist-info").mkdir()
    assert beginning.changed([key]) == "site changed"


def test_other_files_do_not_count(beginning, tmp_path):
    assert beginning.changed([str(tmp_path / "app.py")]) == ""


def test_a_file_that_does_not_parse_would_not_let_it_start(beginning, tmp_path):
    assert beginning.broken() == ""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest\n")
    assert beginning.broken().startswith("pyproject.toml cannot be read: ")


def test_its_directory_may_go_or_be_replaced(beginning, tmp_path):
    assert not beginning.is_gone()
    assert not beginning.is_another()
    tmp_path.rename(tmp_path.with_name("moved"))
    assert beginning.is_gone()
    tmp_path.mkdir()
    assert beginning.is_another()


def test_a_directory_has_a_name_too(beginning, tmp_path):
    assert beginning.place_name(str(tmp_path / "pyproject.toml")) == "pyproject.toml"
    assert beginning.place_name(listing_key(str(tmp_path / "site"))) == "site/"
    assert beginning.place_name(listing_key(str(tmp_path))) == "./"


def test_what_was_not_heeded_counts_with_whatever_changes_then(beginning, tmp_path):
    path = tmp_path / "pyproject.toml"
    before = path.read_text()
    path.write_text('[tool.pytest]\naddopts = ["-v"]\n')
    assert beginning.changed([str(path)]) == "pyproject.toml changed"
    assert beginning.changed([str(tmp_path / "app.py")]) == "pyproject.toml changed"
    path.write_text(before)
    assert beginning.changed([str(path)]) == ""
    assert beginning.changed([str(tmp_path / "app.py")]) == ""
