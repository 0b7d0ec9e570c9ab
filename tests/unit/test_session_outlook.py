"""How long imports take that a run has ahead, as earlier ones tell."""

import pytest

from pytest_reloadwatch.graph.closure import ImportGraph
from pytest_reloadwatch.rewind.choice import Checkpoint
from pytest_reloadwatch.session.outlook import MOST, Outlook
from pytest_reloadwatch.watch.tree import Tree


class Book:
    """Of files a.py, b.py and c.py: what they import, and where they are."""

    def __init__(self, place):
        self.paths = {name: str(place / f"{name}.py") for name in "abc"}
        self.tree = Tree()
        self.tree.track(self.paths.values())
        self.graph = ImportGraph(lambda _path: None)
        self._imports = {"a": "ab", "b": "b", "c": "c"}

    def module_paths(self):
        return self.paths

    def base_keys(self, path):
        name = next(name for name in self.paths if self.paths[name] == path)
        return {self.paths[other] for other in self._imports[name]}


@pytest.fixture
def book(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.py").write_text("")
    return Book(tmp_path)


def checkpoint(book, past="", before=""):
    entries = frozenset(book.tree.entry(book.paths[name]) for name in past)
    return Checkpoint(1, 0, 1, "somewhere", book.paths.get(before, ""), 0.0, entries, {})


@pytest.fixture
def outlook(book):
    made = Outlook(book)
    made.note(
        [(name, book.paths[name], "", 9.0, seconds) for name, seconds in zip("abc", (1.0, 2.0, 4.0), strict=True)]
    )
    return made


def test_what_is_needed_and_not_there(book, outlook):
    rest = outlook.rest([book.paths["a"]])
    assert rest(checkpoint(book)) == (3.0, 2, 0)
    assert rest(checkpoint(book, past="b")) == (1.0, 1, 0)


def test_what_a_module_was_the_first_to_import_of_what_is_installed(book, outlook):
    outlook.note([("numpy", "", "b", 0.5, 0.1), ("yaml", "", "numpy", 9.0, 9.0)])
    rest = outlook.rest([book.paths["a"]])
    assert rest(checkpoint(book)) == (3.5, 2, 0)
    assert rest(checkpoint(book, past="b")) == (1.0, 1, 0)


def test_what_a_checkpoint_waits_before(book, outlook, monkeypatch):
    monkeypatch.setattr(book.graph, "closure", set)
    assert outlook.rest([book.paths["a"]])(checkpoint(book, past="b", before="c")) == (5.0, 2, 0)


def test_hot_files_that_are_not_needed_are_a_burden_where_they_were_executed_or_will_be(book, outlook, monkeypatch):
    monkeypatch.setattr(book.graph, "closure", set)
    a, b, c = (book.paths[name] for name in "abc")
    burdens = [outlook.rest([a], hot)(checkpoint(book, past, before)).burden for hot, past, before in (
        ([a, c], "", ""), ([a, c], "c", ""), ([a, c], "", "c"), ([a, b], "b", ""), ([c], "c", ""),
    )]  # fmt: skip
    assert burdens == [0, 1, 1, 0, 0]  # nothing is frozen before a file that is needed by nobody


def test_it_is_idle_for_many_files(book, outlook):
    assert outlook.rest([]) is None
    assert outlook.rest([book.paths["a"]] * (MOST + 1)) is None


@pytest.mark.parametrize(("seconds", "pays"), [(2.5, True), (3.5, False)])
def test_a_run_of_its_own_pays_where_imports_take_longer_than_what_is_set_up_again(book, outlook, seconds, pays):
    outlook.note_fixtures("first", [("::database", seconds)])
    outlook.note_fixtures("second", [("::database", seconds), ("::other", 99.0)])
    assert outlook.pays({"first"}, {"second"}, {book.paths["a"]}, checkpoint(book)) == pays
    assert outlook.pays({"third"}, {"second"}, {book.paths["a"]}, checkpoint(book))
