"""Ways in which one module comes to rest on another, and names that lead elsewhere after an edit."""

HAZARDS = {
    "from-import copies": [
        """
        --- a.py
        LIMIT = 1
        --- b.py
        from a import LIMIT
        --- c.py
        from b import *
        --- test_limit.py
        from c import LIMIT as limit
        def test_limit():
            assert limit == 1
        """,
        "--- a.py: 1 => 2",
        "--- b.py: from a import LIMIT => LIMIT = 1",
    ],
    "circular import": [
        """
        --- a.py
        import b
        NAME = "a"
        def both():
            return NAME + b.NAME
        --- b.py
        import a
        NAME = "b"
        def both():
            return NAME + a.NAME
        --- test_both.py
        import a
        import b
        def test_a():
            assert a.both() == "ab"
        def test_b():
            assert b.both() == "ba"
        """,
        '--- b.py: NAME = "b" => NAME = "c"',
        '--- a.py: return NAME + b.NAME => return "ab"',
        '--- b.py: NAME = "c" => NAME = a.NAME',
    ],
    "module becomes a package": [
        """
        --- shapes.py
        KIND = "module"
        --- test_shapes.py
        import shapes
        def test_kind():
            assert (shapes.KIND, hasattr(shapes, "__path__")) == ("module", False)
        """,
        """
        --- shapes.py deleted
        --- shapes/__init__.py
        from shapes.kind import KIND
        --- shapes/kind.py
        KIND = "package"
        """,
        '--- test_shapes.py: ("module", False) => ("package", True)',
        "--- shapes/kind.py: package => other",
    ],
    "package in front of a module": [
        """
        --- shapes.py
        KIND = "module"
        --- test_shapes.py
        from shapes import KIND
        def test_kind():
            assert KIND == "module"
        """,
        """
        --- shapes/__init__.py
        KIND = "package"
        """,
        "--- shapes deleted",
    ],
    "namespace package": [
        """
        --- ns/one.py
        ONE = 1
        --- ns/deep/two.py
        TWO = 2
        --- test_ns.py
        import ns
        import ns.deep.two
        from ns.one import ONE
        def test_one():
            assert ONE == 1
        def test_two():
            assert ns.deep.two.TWO == 2
        def test_namespace():
            assert getattr(ns, "KIND", "namespace") == "namespace"
        """,
        "--- ns/one.py: 1 => 2",
        "--- ns/deep/two.py: 2 => 3",
        """
        --- ns/__init__.py
        KIND = "regular"
        """,
    ],
    "relative imports and implicit parents": [
        """
        --- pkg/__init__.py
        import os
        os.environ["PKG"] = "first"
        --- pkg/sub/__init__.py
        --- pkg/sub/leaf.py
        import os
        from ..other import VALUE
        SEEN = os.environ["PKG"]
        --- pkg/other.py
        VALUE = 1
        --- test_leaf.py
        from pkg.sub.leaf import SEEN, VALUE
        def test_seen():
            assert SEEN == "first"
        def test_value():
            assert VALUE == 1
        """,
        "--- pkg/__init__.py: first => second",
        "--- pkg/other.py: 1 => 2",
        "--- pkg/__init__.py: second => first",
    ],
    "computed name": [
        """
        --- drivers/__init__.py
        --- drivers/fast.py
        SPEED = 3
        --- drivers/slow.py
        SPEED = 1
        --- loader.py
        import importlib
        def load(name):
            return importlib.import_module(f"drivers.{name}")
        --- test_fast.py
        import loader
        def test_fast():
            assert loader.load("fa" + "st").SPEED == 3
        def test_fast_again():
            assert loader.load("fa" + "st").SPEED > 2
        --- test_slow.py
        import loader
        def test_slow():
            assert loader.load("sl" + "ow").SPEED == 1
        """,
        "--- drivers/fast.py: 3 => 2",
        "--- drivers/slow.py: 1 => 2",
        "--- drivers/fast.py: 2 => 3",
    ],
    "computed name through __import__": [
        """
        --- plugin_one.py
        VALUE = 1
        --- test_plugin.py
        def load(number):
            return __import__("plugin_" + number)
        def test_first():
            assert load("one").VALUE == 1
        def test_second():
            assert load("one").VALUE < 2
        """,
        "--- plugin_one.py: 1 => 2",
        "--- plugin_one.py: 2 => 0",
    ],
    "module taken from sys.modules": [
        """
        --- conftest.py
        import settings_
        --- settings_.py
        VALUE = 1
        --- test_modules.py
        import sys
        def test_value():
            assert sys.modules["settings" + "_"].VALUE == 1
        """,
        "--- settings_.py: 1 => 2",
        "--- settings_.py: 2 => 1",
    ],
    "lazy import in a function": [
        """
        --- heavy.py
        def work():
            return 1
        --- app.py
        def run():
            from heavy import work
            return work()
        --- test_app.py
        import app
        def test_run():
            assert app.run() == 1
        def test_run_again():
            assert app.run() < 2
        """,
        "--- heavy.py: 1 => 2",
        "--- heavy.py: 2 => 0",
    ],
    "lazy import in a module's __getattr__": [
        """
        --- pkg/__init__.py
        import importlib
        def __getattr__(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return importlib.import_module("." + name, __name__)
        --- pkg/leaf.py
        VALUE = 1
        --- test_leaf.py
        import pkg
        def test_value():
            assert pkg.leaf.VALUE == 1
        def test_value_again():
            assert pkg.leaf.VALUE < 2
        """,
        "--- pkg/leaf.py: 1 => 2",
        "--- pkg/leaf.py: 2 => 0",
    ],
    "mock.patch by a string": [
        """
        --- shop/__init__.py
        --- shop/rates.py
        RATE = 1
        OTHER = 1
        --- test_rates.py
        import sys
        from unittest import mock
        def test_patched():
            with mock.patch("shop.rates.RATE", 3):
                rates = sys.modules["shop.rates"]
                assert rates.RATE + rates.OTHER == 4
        """,
        "--- shop/rates.py: OTHER = 1 => OTHER = 2",
        "--- test_rates.py: == 4 => == 5",
        "--- shop/rates.py: RATE = 1 => RENAMED = 1",
    ],
    "optional module appears": [
        """
        --- app.py
        try:
            import accelerator
        except ImportError:
            accelerator = None
        --- test_app.py
        import app
        def test_plain():
            assert app.accelerator is None
        """,
        """
        --- accelerator.py
        FAST = True
        """,
        "--- accelerator.py: FAST = True => raise ImportError",
        "--- accelerator.py: raise ImportError => FAST = 1",
    ],
    "optional submodule appears": [
        """
        --- pkg/__init__.py
        --- app.py
        def speed():
            try:
                from pkg import turbo
            except ImportError:
                return "plain"
            return turbo.SPEED
        --- test_app.py
        import app
        def test_plain():
            assert app.speed() == "plain"
        def test_plain_again():
            assert app.speed() in ("plain", "fast")
        """,
        """
        --- pkg/turbo.py
        SPEED = "fast"
        """,
        "--- pkg/turbo.py: fast => faster",
    ],
    "new module shadows one found later": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = first second
        --- first/unrelated.py
        --- second/tool.py
        NAME = "second"
        --- test_tool.py
        import tool
        def test_tool():
            assert tool.NAME == "second"
        """,
        """
        --- first/tool.py
        NAME = "first"
        """,
        '--- first/tool.py: "first" => "second"',
    ],
    "new module shadows a standard one": [
        """
        --- app.py
        import colorsys
        --- test_app.py
        import app
        def test_standard():
            assert hasattr(app.colorsys, "rgb_to_hsv")
        """,
        """
        --- colorsys.py
        def hsv_to_rgb(): pass
        """,
        "--- colorsys.py: hsv_to_rgb => rgb_to_hsv",
    ],
    "sys.path changed by a conftest": [
        """
        --- conftest.py
        import os, sys
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
        --- lib/tool.py
        NAME = "lib"
        --- other/tool.py
        NAME = "other"
        --- test_tool.py
        import tool
        def test_tool():
            assert tool.NAME == "lib"
        """,
        '--- conftest.py: "lib" => "other"',
        "--- other/tool.py: other => lib",
        "--- other/tool.py: lib => changed",
    ],
    "module run by its path": [
        """
        --- script.py
        RESULT = 1
        --- loaded.py
        RESULT = 2
        --- test_script.py
        import importlib.util
        import runpy
        def test_run_path():
            assert runpy.run_path("script.py")["RESULT"] == 1
        def test_spec_from_file():
            spec = importlib.util.spec_from_file_location("anything", "loaded.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            assert module.RESULT == 2
        """,
        "--- script.py: 1 => 2",
        "--- loaded.py: 2 => 3",
    ],
    "module deleted": [
        """
        --- gone.py
        VALUE = 1
        --- app.py
        import gone
        --- test_app.py
        import app
        def test_value():
            assert app.gone.VALUE == 1
        """,
        "--- gone.py deleted",
        "--- app.py: import gone => class gone: VALUE = 1",
    ],
    "module imported by a subprocess only": [
        """
        --- helper.py
        VALUE = 1
        --- script.py
        import helper
        raise SystemExit(helper.VALUE)
        --- test_script.py
        import subprocess
        import sys
        def test_exit_code():
            assert subprocess.run([sys.executable, "script.py"]).returncode == 1
        """,
        "--- helper.py: 1 => 20",
        "--- script.py: helper.VALUE => 1",
    ],
    "module imported by a subprocess only, same size within the same second": [
        """
        --- helper.py
        VALUE = 1
        --- script.py
        import helper
        raise SystemExit(helper.VALUE)
        --- test_script.py
        import subprocess
        import sys
        def test_exit_code():
            assert subprocess.run([sys.executable, "script.py"]).returncode == 1
        """,
        "--- helper.py: 1 => 2",
        "--- script.py: helper.VALUE => 1",
    ],
}
