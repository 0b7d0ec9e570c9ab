"""The guard: seven kinds of pollution in a sample suite, each named with its culprit, and what is no pollution."""

import pytest

SHOP = {
    "shop/__init__": "",
    "shop/models": "class User:\n    def name(self): return 'Ann'\n",
    "shop/pricing": "RATE = 1\n",
    "shop/stock": "ITEMS = []\n",
    "shop/payment": "def pay(): return True\n",
    "shop/tax": "def tax(): return 2\n",
}

IMPORTS = """
import importlib, pathlib, sys
import pytest
import shop.models, shop.pricing, shop.stock, shop.payment, shop.tax
from shop.models import User
"""

# What each polluting test does, and what the guard says of it.
POLLUTIONS = {
    "replaces": (
        "del sys.modules['shop.pricing']; importlib.import_module('shop.pricing')",
        "replaced shop.pricing in sys.modules",
    ),
    "drops": ("del sys.modules['shop.stock']", "removed shop.stock from sys.modules"),
    "blocks": ("sys.modules['shop.payment'] = None", "left None for shop.payment in sys.modules"),
    "loads_twice": (
        "sys.path.append(shop.__path__[0]); import tax; sys.path.pop()",
        "loaded shop/tax.py a second time, as tax besides shop.tax",
    ),
    "sets_attribute": ("shop.stock = object()", "set the attribute stock of shop to another object"),
    "reloads": ("importlib.reload(shop.models)", "executed the module of shop.models.User again"),
    "edits": (
        "pathlib.Path(shop.tax.__file__).write_text('# other')",
        "changed shop/tax.py on disk, or somebody did meanwhile",
    ),
}

# Does what it does while everything else must be intact; the last test sees what the others have left.
POLLUTERS = IMPORTS + "".join(f"def test_{name}():\n    {line}\n" for name, (line, _) in POLLUTIONS.items())
WITNESS = """
first = {name: sys.modules[name] for name in ("shop.models", "shop.pricing", "shop.stock", "shop.payment")}
def test_all_is_as_it_was():
    assert {name: sys.modules.get(name) for name in first} == first
    assert shop.stock is first["shop.stock"] and shop.pricing is first["shop.pricing"]
    assert shop.models.User is User and "tax" not in sys.modules
"""


@pytest.fixture
def suite(pytester):
    """The shop, and a function that runs a test file on it."""
    pytester.makepyfile(**SHOP)
    pytester.syspathinsert()

    def run(text, *options):
        pytester.makepyfile(test_suite=text)
        return pytester.runpytest_subprocess("-q", *options)

    return run


def verdicts(pytester, suite, *options):
    pytester.makepyfile(**SHOP)
    result = suite(POLLUTERS, "-rA", *options)
    return sorted(line for line in result.outlines if line.startswith(("PASSED", "FAILED", "ERROR")))


@pytest.mark.parametrize("kind", POLLUTIONS)
def test_each_kind_is_found_and_its_culprit_named(suite, kind):
    line, sentence = POLLUTIONS[kind]
    result = suite(f"{IMPORTS}\ndef test_it():\n    {line}\n", "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [f"*reload guard: test_suite.py::test_it {sentence}:*", "ERROR test_suite.py::test_it*"]
    )


def test_all_seven_are_found_in_one_suite_and_put_back(suite):
    result = suite(POLLUTERS + WITNESS, "--reload-guard=error")
    result.assert_outcomes(passed=8, errors=7)
    for name, (_, sentence) in POLLUTIONS.items():
        result.stdout.fnmatch_lines([f"*test_suite.py::test_{name} {sentence}*"])


def test_without_the_guard_the_last_test_sees_it_all(suite):
    result = suite(POLLUTERS + WITNESS)
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.no_fnmatch_line("*reload guard*")


@pytest.mark.parametrize("more", [(), ("-W", "error"), ("-W", "error::pytest_reloadwatch.ReloadGuardWarning")])
def test_warnings_leave_every_verdict_as_it_is(pytester, suite, more):
    plain = verdicts(pytester, suite)
    assert len(plain) == len(POLLUTIONS)
    assert verdicts(pytester, suite, "--reload-guard=warn", *more) == plain


def test_warnings_are_told_and_summed_up(suite):
    result = suite(POLLUTERS + WITNESS, "--reload-guard=warn", "-W", "error")
    result.assert_outcomes(passed=8, warnings=7)
    result.stdout.fnmatch_lines(
        ["*ReloadGuardWarning: test_suite.py::test_drops removed shop.stock from sys.modules: *"]
    )
    result.stdout.fnmatch_lines(["*= reload guard =*", "test_suite.py::test_drops removed shop.stock from sys.modules"])


def test_the_ini_value_is_the_default(pytester, suite):
    pytester.makeini("[pytest]\nreload_guard = error\n")
    suite(POLLUTERS).assert_outcomes(passed=7, errors=7)
    suite(POLLUTERS, "--reload-guard=off").assert_outcomes(passed=7)


def test_a_wrong_ini_value_is_refused(pytester, suite):
    pytester.makeini("[pytest]\nreload_guard = loud\n")
    result = suite(POLLUTERS)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*reload_guard in the ini file is one of off, warn, error, not 'loud'*"])


def test_a_marker_allows_one_test(suite):
    text = IMPORTS + "@pytest.mark.reload_guard('off')\ndef test_it():\n    del sys.modules['shop.tax']\n"
    suite(text + "def test_next(): pass\n", "--reload-guard=error", "--strict-markers").assert_outcomes(passed=2)


FIXTURE = IMPORTS + "@pytest.fixture(scope='{scope}')\ndef shared():\n{body}\n"
USER = "def test_one(shared): pass\ndef test_two(shared): pass\ndef test_three(): pass\n"


@pytest.mark.parametrize("scope", ["session", "module"])
def test_a_shared_fixture_that_cannot_undo_is_named_at_once(suite, scope):
    text = FIXTURE.format(scope=scope, body="    del sys.modules['shop.tax']") + USER
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines([f"*{scope} fixture 'shared', in its setup, removed shop.tax from sys.modules:*"])
    result.stdout.fnmatch_lines(["ERROR test_suite.py::test_one*"])


def test_a_shared_fixture_that_does_not_undo_is_named_when_it_ends(suite):
    text = FIXTURE.format(scope="module", body="    del sys.modules['shop.tax']\n    yield") + USER
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*module fixture 'shared', in its setup, removed shop.tax*"])
    result.stdout.fnmatch_lines(["ERROR test_suite.py::test_three*"])


def test_a_shared_fixture_that_pollutes_in_its_teardown_is_named(suite):
    text = FIXTURE.format(scope="module", body="    yield\n    shop.tax = None") + USER
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*module fixture 'shared', in its teardown, set the attribute tax of shop to another*"]
    )


def test_what_a_shared_fixture_changes_is_in_force_while_it_lives(suite):
    body = "    with mock.patch.dict(sys.modules, {'shop.tax': object(), 'shop.new': None}):\n        yield"
    text = "from unittest import mock\n" + FIXTURE.format(scope="module", body=body)
    text += "def test_one(shared): assert type(sys.modules['shop.tax']) is object\n"
    text += "def test_two(shared): assert type(sys.modules['shop.tax']) is object\n"
    suite(text, "--reload-guard=error").assert_outcomes(passed=2)


def test_the_fixture_of_one_test_is_named(suite):
    text = FIXTURE.format(scope="function", body="    del sys.modules['shop.tax']") + USER
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(["*fixture 'shared' of test_suite.py::test_one, in its setup, removed shop.tax*"])


def test_a_test_is_named_where_its_fixtures_did_nothing(suite):
    text = FIXTURE.format(scope="function", body="    return 1") + "@pytest.fixture\ndef ends():\n    yield\n"
    result = suite(text + "def test_it(shared, ends):\n    del sys.modules['shop.tax']\n", "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*reload guard: test_suite.py::test_it removed shop.tax from sys.modules*"])


def test_a_teardown_of_one_test_s_fixture_is_named(suite):
    text = FIXTURE.format(scope="function", body="    yield\n    del sys.modules['shop.tax']")
    result = suite(text + "def test_it(shared): pass\n", "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'shared' of test_suite.py::test_it, in its teardown, removed shop.tax*"])


def test_what_a_shared_fixture_reloads_stays_so_while_it_lives(suite):
    body = "    importlib.reload(shop.models)"
    text = FIXTURE.format(scope="module", body=body) + USER
    text += "def test_reloaded(shared): assert shop.models.User is not User\n"
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(
        ["*module fixture 'shared', in its setup, executed the module of shop.models.User again:*"]
    )


def test_setup_functions_are_named(suite):
    text = IMPORTS + "def setup_module():\n    del sys.modules['shop.tax']\ndef test_it(): pass\n"
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the module setup of test_suite.py, in its setup, removed shop.tax*"])


def test_a_failing_teardown_is_what_people_see_first(suite):
    body = "    yield\n    del sys.modules['shop.tax']\n    raise RuntimeError('disk full')"
    result = suite(FIXTURE.format(scope="function", body=body) + "def test_it(shared): pass\n", "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["E*RuntimeError: disk full", "*= reload guard =*", "*removed shop.tax from sys.modules"]
    )


HARMLESS = {
    "monkeypatched entry": "monkeypatch.setitem(sys.modules, 'shop.tax', object())",
    "monkeypatched removal": "monkeypatch.delitem(sys.modules, 'shop.tax')",
    "monkeypatched attribute": "monkeypatch.setattr(shop, 'tax', object())",
    "patched dict": "\n    with mock.patch.dict(sys.modules, {'shop.tax': None}): assert shop.tax",
    "patched dict with a new module": "\n    with mock.patch.dict(sys.modules): import shop.late",
    "fresh import": "assert fresh_import('shop.models').User is not User",
    "blocked import": "fresh_import('shop.pricing', blocked=['shop.tax'])",
    "new module": "import shop.late",
    "new module that replaces itself": "import shop.lazy; assert shop.lazy.answer == 42",
    "reload without classes": "importlib.reload(shop.tax)",
    "module of a temporary directory": (
        "\n    (tmp_path / 'thing.py').write_text('A = 1'); monkeypatch.syspath_prepend(tmp_path); import thing"
        "\n    (tmp_path / 'thing.py').write_text('A = 2'); importlib.reload(thing)"
    ),
    "file that is written as it was": "\n    p = pathlib.Path(shop.tax.__file__); p.write_text(p.read_text())",
    "third-party module": "\n    sys.modules['colorsys'] = object()",
    "runs its main": "import runpy; runpy.run_module('shop.tax'); runpy.run_path(shop.tax.__file__)",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_pollution_is_not_told(pytester, suite, name):
    lazy = "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(answer=42, __file__=__file__)\n"
    pytester.makepyfile(**{"shop/late": "LATE = 1\n", "shop/lazy": lazy})
    fixtures = "monkeypatch, fresh_import, tmp_path"
    text = f"{IMPORTS}\nfrom unittest import mock\ndef test_it({fixtures}):\n    {HARMLESS[name]}\n"
    result = suite(text + "def test_next():\n    assert shop.models.User is User\n", "--reload-guard=error")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_files_of_the_same_name_are_no_pollution(pytester, suite, mode):
    """Conftests of several directories have one name, and test files may."""
    for directory in ("one", "two"):
        place = pytester.mkdir(directory)
        if mode == "prepend":
            (place / "__init__.py").touch()
        (place / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef here(): return __file__\n")
        (place / "test_same.py").write_text("def test_it(here): pass\n")
    suite("def test_it(): pass\n", "--reload-guard=error", f"--import-mode={mode}").assert_outcomes(passed=3)


def test_a_fixture_with_a_patched_dict_may_drop_what_came_in_meanwhile(pytester, suite):
    pytester.makepyfile(**{"shop/late": "LATE = 1\n"})
    body = "    with mock.patch.dict(sys.modules):\n        yield"
    text = "from unittest import mock\n" + FIXTURE.format(scope="module", body=body)
    text += "def test_one(shared):\n    import shop.late\ndef test_two(): pass\n"
    suite(text, "--reload-guard=error").assert_outcomes(passed=2)


def test_classes_of_a_copy_that_somebody_keeps_are_told(suite):
    text = IMPORTS + "kept = []\ndef test_it(fresh_import):\n    kept.append(fresh_import('shop.models').User)\n"
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*test_it executed the module of shop.models.User again: a second class of that name*"]
    )


def test_what_monkeypatch_does_not_undo_is_told(suite):
    """It puts back the entry, but not the package's attribute, which the import in between has set."""
    text = (
        IMPORTS + "def test_it(monkeypatch):\n    monkeypatch.delitem(sys.modules, 'shop.tax')\n    import shop.tax\n"
    )
    result = suite(text, "--reload-guard=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_it set the attribute tax of shop to another object*"])


def test_workers_tell_what_they_find(suite):
    text = IMPORTS + "def test_one(): del sys.modules['shop.stock']\ndef test_two(): pass\n"
    result = suite(text, "--reload-guard=warn", "-n", "2", "-p", "xdist")
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*= reload guard =*", "*removed shop.stock from sys.modules"])
