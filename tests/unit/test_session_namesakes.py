"""Which test files share the name of a module."""

import pytest

from pytest_reloadwatch.session.namesakes import Namesakes
from pytest_reloadwatch.watch.tree import Tree


@pytest.fixture
def place(tmp_path):
    for name in ("a/test_x.py", "b/test_x.py", "c/__init__.py", "c/test_x.py", "c/d/__init__.py", "c/d/test_y.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.fixture
def files(place):
    return [str(path) for path in sorted(place.rglob("test_*.py"))]


@pytest.fixture
def tree(files):
    made = Tree()
    made.track(files)
    return made


def test_those_outside_of_packages(tree, files):
    namesakes = Namesakes(tree)
    namesakes.look(files)
    first, second, deep, packaged = files
    assert namesakes.of([first]) == {second}
    assert namesakes.of([first, second]) == namesakes.of([packaged, deep]) == set()
    assert namesakes.keys(first) == namesakes.keys(second) == {"<test files named test_x>"}
    assert namesakes.keys(deep) == {"<test files named c.d.test_y>"}


def test_a_package_is_made(place, tree, files):
    namesakes = Namesakes(tree)
    namesakes.look(files)
    (place / "b" / "__init__.py").write_text("")
    assert namesakes.look(files) == {"<test files named test_x>", "<test files named b.test_x>"}
    assert namesakes.of(files[:1]) == set()
    assert namesakes.look(files) == set()


def test_one_goes(place, tree, files):
    namesakes = Namesakes(tree)
    namesakes.look(files)
    (place / "b" / "test_x.py").unlink()
    tree.sweep()
    assert namesakes.look(files) == {"<test files named test_x>"}
    assert namesakes.of(files[:1]) == set()
