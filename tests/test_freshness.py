"""The freshness fixtures in ordinary pytest runs: each assertion passes once, and fails once with a useful message."""

import pytest

SHOP = {
    "shop/__init__": "",
    "shop/pricing": "RATE = 1\n\ndef total(n):\n    return n * RATE\n",
    "shop/cart": "from shop import pricing\n",
}
EDIT = """
import importlib, os, pathlib, sys
import pytest
import shop.cart, shop.pricing

def edit(old, new, path=shop.pricing.__file__):
    file = pathlib.Path(path)
    file.write_text(file.read_text().replace(old, new))
"""


@pytest.fixture
def run(pytester):
    """Runs a test body, or a whole file, on the shop."""
    pytester.makepyfile(**SHOP)
    pytester.syspathinsert()

    def run(text, *options):
        if "def test_" not in text:
            body = "\n".join(f"    {line}" for line in text.strip().splitlines())
            text = f"def test_it(module_freshness, fresh_import, monkeypatch, tmp_path):\n{body}\n"
        pytester.makepyfile(test_it=EDIT + text)
        return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "--strict-markers", *options)

    return run


PASSING = {
    "fresh": "module_freshness.assert_fresh('shop.pricing', shop.cart)",
    "test file": "module_freshness.assert_fresh(__name__)",
    "stale function": "edit('n * RATE', 'n + RATE'); module_freshness.assert_stale('shop.pricing')",
    "stale after a reload": (
        "importlib.reload(shop.pricing); edit('RATE = 1', 'RATE = 2'); module_freshness.assert_stale('shop.pricing')"
    ),
    "stale, and fresh after a reload": """
edit('RATE = 1', 'RATE = 22')
importlib.reload(shop.pricing)
module_freshness.assert_fresh('shop.pricing')
""",
    "touched only": "os.utime(shop.pricing.__file__, (1, 1)); importlib.reload(shop.pricing); "
    "os.utime(shop.pricing.__file__); module_freshness.assert_fresh('shop.pricing')",
    "file is gone": "pathlib.Path(shop.pricing.__file__).unlink(); module_freshness.assert_stale('shop.pricing')",
    "same object": "[module_freshness.assert_same_object(one) for one in ('shop.pricing', shop.cart, 'sys')]",
    "executed again": "importlib.reload(shop.pricing); module_freshness.assert_reexecuted('shop.pricing')",
    "kept": "importlib.reload(shop.pricing); module_freshness.assert_kept('shop.cart', shop)",
    "generations": """
assert module_freshness.generation('shop.pricing') == 1
importlib.reload(shop.pricing)
assert module_freshness.generation(shop.pricing) == 2
assert module_freshness.generation('shop.cart') == 1
assert module_freshness.generation('shop.nothing') == 0
""",
    "a reload that is undone": """
edit('RATE = 1', 'RATE = 2')
from pytest_reloadwatch import reload_module
with reload_module(shop.pricing):
    module_freshness.assert_fresh('shop.pricing')
module_freshness.assert_stale('shop.pricing')
""",
    "a reload that fails": """
edit('RATE = 1', '1 / 0')
from pytest_reloadwatch import reload_module
with pytest.raises(Exception, match='ZeroDivisionError'), reload_module(shop.pricing):
    pass
module_freshness.assert_stale('shop.pricing')
""",
    "nobody holds what is old": """
kept = [shop.pricing.total]
kept.clear()
importlib.reload(shop.pricing)
module_freshness.assert_no_stale_references(shop.pricing)
""",
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("options", [(), ("--reload-guard=warn",)], ids=["plain", "guarded"])
def test_what_holds_passes(run, name, options):
    run(PASSING[name], *options).assert_outcomes(passed=1)


FAILING = {
    "stale by the record": """
importlib.reload(shop.pricing)
edit('RATE = 1', 'RATE = 2')
module_freshness.assert_fresh('shop.pricing')
| shop.pricing is stale: its file has another content now; executed again in this process
| loaded:*generation 2
| on disk:*shop/pricing.py)
| --- pricing.py as loaded
| -RATE = 1
| +RATE = 2
| import it anew with fresh_import, reload it, or undo the change of the file
""",
    "stale by its functions": """
edit('n * RATE', 'n + RATE')
module_freshness.assert_fresh('shop.pricing')
| shop.pricing is stale: functions of it are not those on disk
| differs: total
""",
    "unknown": """
sys.dont_write_bytecode = True
edit('RATE = 1', 'RATE = 2')
module_freshness.assert_fresh('shop.pricing')
| it cannot be told whether shop.pricing is fresh: nobody recorded what it was executed from*--reload-guard=warn*
""",
    "unknown, so not stale either": """
sys.dont_write_bytecode = True
edit('RATE = 1', 'RATE = 2')
module_freshness.assert_stale('shop.pricing')
| it cannot be told whether shop.pricing is stale*
""",
    "fresh": """
module_freshness.assert_stale('shop.pricing')
| shop.pricing is fresh: what is loaded is what /*/shop/pricing.py holds
| its file has not changed since this process began
""",
    "gone": """
pathlib.Path(shop.pricing.__file__).unlink()
module_freshness.assert_fresh('shop.pricing')
| shop.pricing is stale: its file is gone, so a new process could not import it
| on disk: no file*
""",
    "broken": """
edit('RATE = 1', 'RATE = (')
module_freshness.assert_fresh('shop.pricing')
| shop.pricing is stale: what its file holds now cannot be compiled*
""",
    "not loaded": """
module_freshness.assert_fresh('shop.pricng')
| shop.pricng is not loaded, so it is not fresh: it is not in sys.modules; did you mean shop.pricing?
""",
    "blocked": """
monkeypatch.setitem(sys.modules, 'shop.tax', None)
module_freshness.assert_fresh('shop.tax')
| shop.tax is not loaded*its entry in sys.modules is None*
""",
    "built in": """
module_freshness.assert_fresh('sys')
| sys has no source that it could be fresh of: it is built-in, a part of the interpreter
""",
    "frozen": """
import zipimport
module_freshness.assert_stale('zipimport')
| zipimport has no source*frozen*
""",
    "extension": """
import importlib.machinery, types
made = types.ModuleType('made')
made.__file__ = 'made' + importlib.machinery.EXTENSION_SUFFIXES[0]
module_freshness.assert_fresh(made)
| made has no source*it is an extension module*
""",
    "without a source": """
import py_compile
(tmp_path / 'bare.py').write_text('A = 1')
py_compile.compile(str(tmp_path / 'bare.py'), cfile=str(tmp_path / 'bare.pyc'))
(tmp_path / 'bare.py').unlink()
monkeypatch.syspath_prepend(tmp_path)
import bare
module_freshness.assert_fresh(bare)
| bare has no source*it is a bytecode file without a source*
""",
    "from an archive": """
import zipfile
with zipfile.ZipFile(tmp_path / 'all.zip', 'w') as archive:
    archive.writestr('zipped.py', 'A = 1')
monkeypatch.syspath_prepend(tmp_path / 'all.zip')
import zipped
module_freshness.assert_fresh(zipped)
| zipped has no source*it comes from an archive*
""",
    "namespace package": """
(tmp_path / 'space').mkdir()
monkeypatch.syspath_prepend(tmp_path)
import space
module_freshness.assert_fresh(space)
| space has no source*it is a namespace package and executes nothing (/*/space)
""",
    "made by code": """
import types
module_freshness.assert_fresh(types.ModuleType('made'))
| made has no source*it was not made from a file
""",
    "another object": """
old = shop.pricing
del sys.modules['shop.pricing']
importlib.import_module('shop.pricing')
module_freshness.assert_same_object(old)
| shop.pricing is not one object: the module asked about is a module at 0x*
| sys.modules*shop.pricing* is a module at 0x*
| the attribute pricing of shop is a module at 0x*
| *look for code that deletes or sets it in sys.modules
""",
    "attribute of another object": """
shop.pricing = 1
module_freshness.assert_same_object('shop.pricing')
| the attribute pricing of shop is a int at 0x*
""",
    "dropped": """
del sys.modules['shop.pricing']
module_freshness.assert_same_object(shop.pricing)
| sys.modules has no shop.pricing
""",
    "not executed again": """
module_freshness.assert_reexecuted('shop.pricing')
| shop.pricing was not executed since the setup of module_freshness (there is no watch session)*
""",
    "not kept": """
importlib.reload(shop.pricing)
module_freshness.assert_kept('shop.pricing')
| shop.pricing was executed since the setup*executed again in this process, generation 2
""",
}


@pytest.mark.parametrize("name", FAILING)
def test_what_does_not_hold_is_explained(run, name):
    lines = FAILING[name].strip().splitlines()
    result = run("\n".join(line for line in lines if not line.startswith("| ")))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{line[2:]}" for line in lines if line.startswith("| ")])


def test_who_holds_what_is_old_is_named(run):
    result = run("""
@pytest.fixture(scope="session")
def db():
    return [shop.pricing.total]

def test_it(db, module_freshness):
    importlib.reload(shop.pricing)
    module_freshness.assert_no_stale_references("shop.pricing")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*session fixture 'db' holds function shop.pricing.total of*generation*"])


def test_each_of_several_modules_is_explained(run):
    result = run("module_freshness.assert_fresh('shop.pricng', 'shop.cart', 'sys')")
    result.stdout.fnmatch_lines(["E*shop.pricng is not loaded*", "E*sys has no source*"])


def test_bytecode_of_before_an_edit_tells_of_it(run):
    """The edit has to be later than the clock of time stamps can tell; until then it is unknown."""
    body = """
edit("RATE = 1", "RATE = 2")
while module_freshness.status("shop.pricing").state == "unknown":
    edit("RATE = 2", "RATE = 2")
module_freshness.assert_fresh("shop.pricing")
"""
    result = run(body)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*stale: it was loaded before its file changed: its bytecode is of then"])
    result.stdout.fnmatch_lines(["E*differs: the module level"])


def test_a_link_that_leads_elsewhere_now_is_a_change(pytester, run):
    """The file that it leads to is an old one."""
    for version in ("one", "two"):
        place = pytester.mkdir(version)
        (place / "linked.py").write_text(f"VALUE = {version!r}\n", encoding="utf-8")
    (pytester.path / "current").symlink_to("one", target_is_directory=True)
    text = """
sys.path.insert(0, os.path.abspath("current"))
import linked

def test_it(module_freshness):
    module_freshness.assert_fresh(linked)
    sys.dont_write_bytecode = True
    os.remove("current")
    os.symlink("two", "current")
    assert module_freshness.status(linked).state == "unknown"
"""
    run(text).assert_outcomes(passed=1)


def test_the_guard_and_the_session_record_from_the_start(run):
    """Without them a changed constant is unknown (above)."""
    result = run("edit('RATE = 1', 'RATE = 2'); module_freshness.assert_fresh('shop.pricing')", "--reload-guard=warn")
    result.assert_outcomes(failed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["E*shop.pricing is stale*executed when it was first imported", "E*-RATE = 1", "E*+RATE = 2"]
    )


STALE_BYTECODE = """
def test_it(module_freshness):
    module_freshness.assert_{state}('shop.pricing')
"""


@pytest.mark.parametrize("options", [(), ("--reload-guard=warn",)], ids=["plain", "guarded"])
def test_a_stale_bytecode_file_is_found(pytester, run, options):
    """Same size, same second: a new process takes the old bytecode, and executes what nobody can read any more."""
    run("assert shop.pricing.RATE == 1")
    path = pytester.path / "shop" / "pricing.py"
    before = path.stat()
    path.write_text(path.read_text().replace("RATE = 1", "RATE = 2").replace("n * RATE", "n + RATE"))
    import os

    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    result = run("assert shop.pricing.RATE == 1; module_freshness.assert_fresh('shop.pricing')", *options)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*shop.pricing is stale: it was executed from a bytecode file that is not of its source"]
    )
    result.stdout.fnmatch_lines(["E*differs: the module level, total", "E*remove __pycache__ and import it again"])


def test_status_is_a_value(run):
    result = run(
        """
found = module_freshness.status('shop.pricing')
assert (found.name, found.state, found.generation, found.path) == ('shop.pricing', 'fresh', 1, shop.pricing.__file__)
assert found.loaded_digest == found.disk_digest and len(found.disk_digest) == 32
assert found.loaded_at is None and found.why == 'its file has not changed since this process began'
importlib.reload(shop.pricing); edit('RATE = 1', 'RATE = 2')
later = module_freshness.status(shop.pricing)
assert (later.state, later.generation, later.loaded_digest) == ('stale', 2, found.disk_digest)
assert later.disk_digest != later.loaded_digest and later.loaded_at > 0
with pytest.raises(AttributeError):
    later.state = 'fresh'
"""
    )
    result.assert_outcomes(passed=1)


MARKED = """
@pytest.mark.fresh("shop.pricing", "shop.cart")
def test_fresh(): pass

def test_edits():
    edit('n * RATE', 'n + RATE')

@pytest.mark.fresh("shop.pricing")
def test_stale(): raise SystemError
"""


def test_the_marker_asserts_before_the_test(run):
    result = run(MARKED)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["E*shop.pricing is stale: functions of it are not those on disk", "ERROR*::test_stale*"]
    )


def test_the_marker_is_checked_after_the_fixtures(run):
    text = """
@pytest.fixture
def loaded(fresh_import):
    fresh_import("shop.pricing")

@pytest.mark.fresh("shop.pricing")
def test_it(loaded): pass
"""
    run(text).assert_outcomes(passed=1)


def test_fresh_import_is_undone_when_the_test_ends(run):
    text = """
before = dict(sys.modules)
def test_imports(fresh_import):
    pricing = fresh_import("shop.pricing")
    assert pricing is not before["shop.pricing"]
    assert sys.modules["shop.pricing"] is pricing and shop.pricing is pricing

def test_blocks(fresh_import):
    with pytest.raises(ModuleNotFoundError):
        fresh_import("shop.cart", blocked=["shop.pricing"])

@pytest.fixture(autouse=True)
def check():
    yield
    assert shop.pricing is before["shop.pricing"]
    assert {name: sys.modules.get(name) for name in before if name.startswith("shop")} == {
        name: module for name, module in before.items() if name.startswith("shop")}
"""
    run(text).assert_outcomes(passed=2)
