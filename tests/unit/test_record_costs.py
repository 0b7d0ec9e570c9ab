"""What imports cost, and who pays: told by the module's spec, so that no frame of ours is in a traceback."""

import importlib
import sys
import traceback
from importlib.machinery import ModuleSpec, PathFinder

import pytest

from pytest_reloadwatch.record.costs import BY_TEST, ImportCosts


class Finder:
    """As ours: first in line, and leaves finding to the others; each look at the clock takes a second."""

    def __init__(self):
        self.now = 0.0
        self.found = {}
        self.collecting = True
        self.costs = ImportCosts(self.tick, self.note, lambda: self.collecting)

    def tick(self):
        self.now += 1.0
        return self.now

    def note(self, cost):
        self.found[cost[0]] = cost

    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            self.costs.expect(name, spec.origin if name.startswith("cost_") else "", spec)
        return spec


@pytest.fixture
def finder(tmp_path, monkeypatch):
    for name, text in {
        "cost_outer": "import cost_inner\nimport aside\n",
        "cost_inner": "",
        "cost_fails": "def fail():\n    raise ValueError\nimport cost_inner\nfail()\n",
        "aside": "import aside_more\n",
        "aside_more": "",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    made = Finder()
    monkeypatch.setattr(sys, "meta_path", [made, *sys.meta_path])
    yield made
    for name in [name for name in sys.modules if name.startswith(("cost_", "aside"))]:
        del sys.modules[name]


def test_cost_with_and_without_what_is_imported(finder):
    importlib.import_module("cost_outer")
    name, _, importer, seconds, own = finder.found["cost_outer"]
    assert (name, importer, seconds) == ("cost_outer", "", 7.0)
    assert own == seconds - finder.found["cost_inner"][3] - finder.found["aside"][3]
    assert finder.found["cost_inner"][2] == "cost_outer"


def test_of_others_only_what_was_asked_for_is_told(finder):
    importlib.import_module("cost_outer")
    assert finder.found["aside"][2] == "cost_outer"
    assert "aside_more" not in finder.found


def test_what_a_test_imports_is_told_from_what_pytest_does(finder):
    finder.collecting = False
    importlib.import_module("cost_inner")
    assert finder.found["cost_inner"][2] == BY_TEST


def test_a_failing_import_has_no_frame_of_ours_and_ends(finder):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
        importlib.import_module("cost_fails")
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not [name for name in files if "pytest_reloadwatch" in name]
    importlib.import_module("aside")
    assert finder.found["aside"][2] == ""  # nothing is open any more


def test_specs_are_as_always_afterwards(finder):
    module = importlib.import_module("cost_inner")
    assert type(module.__spec__) is ModuleSpec
    assert not module.__spec__._initializing


def test_time_in_which_modules_executed(finder):
    finder.costs.begin_run()
    importlib.import_module("cost_outer")
    assert finder.costs.busy() == 7.0
    finder.costs.begin_run()
    assert finder.costs.busy() == 0.0
