"""What is noted of modules while they are loaded, each case in a process of its own: the record is the process's."""

import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
import importlib, importlib.util, os, pathlib, py_compile, sys
sys.path.insert(0, os.getcwd())
from pytest_reloadwatch.record.loads import record, recorded

source = pathlib.Path("thing.py")
source.write_text("VALUE = 1\\nclass Thing: pass\\n")
"""

CASES = {
    "from its source": """
        loads = record()
        import thing
        found = loads.of(thing)
        assert (found.name, found.path) == ("thing", os.path.abspath("thing.py"))
        assert (found.source, found.bytecode, found.generation) == (source.read_bytes(), None, 1)
    """,
    "from its bytecode": """
        py_compile.compile("thing.py")
        loads = record()
        import thing
        found = loads.of(thing)
        assert found.source == source.read_bytes()
        assert found.bytecode == pathlib.Path(thing.__cached__).read_bytes()
    """,
    "from its source, as the bytecode is of another": """
        py_compile.compile("thing.py")
        source.write_text("VALUE = 22\\n")
        loads = record()
        import thing
        assert loads.of(thing).bytecode is None and loads.of(thing).source == b"VALUE = 22\\n"
        assert loads.times("thing") == 1
    """,
    "from bytecode that is checked by its digest": """
        py_compile.compile("thing.py", invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        loads = record()
        import thing
        assert loads.of(thing).bytecode is not None and loads.times("thing") == 1
    """,
    "reloaded": """
        loads = record()
        loads.keeps_earlier = True
        import thing
        importlib.reload(thing)
        assert loads.of(thing).generation == loads.times("thing") == 2
        assert [again.name for again in loads.take_again()] == ["thing"]
        assert loads.take_again() == []
    """,
    "loaded before the record": """
        import thing
        loads = record()
        assert loads.of(thing) is None and loads.times("thing") == 1
        importlib.reload(thing)
        assert loads.of(thing).generation == 2
    """,
    "a second object by the same name": """
        loads = record()
        import thing
        spec = importlib.util.spec_from_file_location("thing", "thing.py")
        copy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(copy)
        assert (loads.of(thing).generation, loads.of(copy).generation) == (1, 2)
    """,
    "another file of the same name": """
        loads = record()
        import thing
        os.mkdir("other")
        source.rename("other/thing.py")
        del sys.modules["thing"]
        sys.path.insert(0, os.path.abspath("other"))
        import thing as other
        assert loads.of(other).generation == 1
    """,
    "a lazy module stays lazy": """
        spec = importlib.util.find_spec("thing")
        loader = spec.loader = importlib.util.LazyLoader(spec.loader)
        thing = sys.modules["thing"] = importlib.util.module_from_spec(spec)
        loader.exec_module(thing)
        loads = record()
        assert "VALUE" not in object.__getattribute__(thing, "__dict__")
        assert thing.VALUE == 1 and loads.of(thing).source == source.read_bytes()
    """,
    "a module that replaces itself": """
        source.write_text("import sys, types\\nsys.modules[__name__] = types.SimpleNamespace(__name__=__name__)")
        loads = record()
        import thing
        assert loads.of(thing).name == "thing"
    """,
    "code that is only looked at": """
        loads = record()
        importlib.util.find_spec("thing").loader.get_code("thing")
        importlib.util.find_spec("thing").loader.get_source("thing")
        import runpy; runpy.run_module("thing")
        assert loads.times("thing") == 0
    """,
    "nothing, where nobody asked": """
        import thing
        assert recorded() is None
        assert "get_data" not in vars(importlib.machinery.SourceFileLoader)
    """,
    "a failing module keeps its traceback, without a frame of ours": """
        import traceback
        source.write_text("1 +")
        loads = record()
        try:
            import thing
        except SyntaxError as error:
            assert "reloadwatch" not in "".join(traceback.format_exception(error))
    """,
    "a warning keeps its place": """
        import warnings
        source.write_text("import warnings; warnings.warn('old', stacklevel=2)")
        loads = record()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import thing
        assert caught[0].filename == __file__
    """,
    "what a module held before": """
        from pytest_reloadwatch.record.earlier import Earlier
        source.write_text("class Kept: pass\\nclass Lost: pass\\nTHINGS = [Lost]\\n")
        import gc, thing
        kept, earlier = thing.Kept, Earlier.of(thing)
        source.write_text("class Kept: pass\\nclass Lost: pass\\nTHINGS = []\\nNEW = 10\\n")
        importlib.reload(thing)
        new = thing.Lost
        earlier.release()
        gc.collect()
        assert earlier.classes() == {"Kept": kept}
        earlier.put_back(thing)
        assert (thing.Kept, thing.Lost, hasattr(thing, "NEW")) == (kept, new, False)
        importlib.reload(thing)
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_note(tmp_path, name):
    script = tmp_path / "script.py"
    script.write_text(PREAMBLE + textwrap.dedent(CASES[name]), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


PUBLIC = """
import sys
import pytest_reloadwatch as rw
assert not {"pytest", "pytest_reloadwatch.freshness", "hashlib"} & set(sys.modules)
rw.record_loading()
assert "pytest" not in sys.modules
import thing
rw.assert_fresh("thing", thing)
rw.assert_same_object(thing)
assert (rw.generation("thing"), rw.status("thing").state) == (1, "fresh")
with rw.fresh_import("thing") as fresh:
    assert fresh is not thing
open("thing.py", "a").write("# longer")
rw.assert_stale(thing)
freshness = rw.ModuleFreshness()
freshness.assert_kept(thing)
assert issubclass(rw.ReloadGuardWarning, Warning)
assert all(hasattr(rw, name) for name in rw.__all__)
try:
    rw.nothing
except AttributeError as error:
    assert "has no attribute 'nothing'" in str(error)
"""


def test_everything_public_works_without_pytest(tmp_path):
    (tmp_path / "thing.py").write_text("VALUE = 1\n", encoding="utf-8")
    command = [sys.executable, "-c", PUBLIC]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
