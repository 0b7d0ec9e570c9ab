"""Ways in which one module comes to rest on another, and names that lead elsewhere after an edit."""

TRAPS = {
    "sources that tests compile": [
        """
        --- mod.py
        x = 1
        --- test_made.py
        import pathlib, py_compile
        def test_made():
            pathlib.Path("made.py").write_text("x = 1\\n")
            py_compile.compile("made.py", doraise=True)
        --- test_mod.py
        import compileall, py_compile
        import mod
        def test_mod():
            assert mod.x == 1
            py_compile.compile(mod.__file__, doraise=True)
            assert compileall.compile_file(mod.__file__, force=True, quiet=2)
        """,
        "--- mod.py: 1 => 2",
        "--- mod.py: 2 => 1",
    ],
    "computed name, first and second user": [
        """
        --- drivers/fast.py
        SPEED = 3
        --- drivers/slow.py
        SPEED = 1
        --- loader.py
        import importlib
        def load(name):
            return importlib.import_module(f"drivers.{name}")
        --- test_a.py
        import loader
        def test_first():
            assert loader.load("fast").SPEED
        --- test_b.py
        import importlib
        def test_second():
            assert importlib.import_module("drivers." + "fast").SPEED == 3
        """,
        "--- drivers/fast.py: 3 => 2",
    ],
    "computed name, and what that module imports": [
        """
        --- drivers/fast.py
        from limits import LIMIT
        SPEED = LIMIT
        --- limits.py
        LIMIT = 3
        --- test_a.py
        import importlib
        def test_first():
            assert importlib.import_module("drivers." + "fast").SPEED
        --- test_b.py
        import importlib
        def test_second():
            assert importlib.import_module("drivers." + "fast").SPEED == 3
        """,
        "--- limits.py: 3 => 2",
        "--- limits.py: 2 => 3",
    ],
    "computed name through __import__, second user": [
        """
        --- plugin_one.py
        from limits import LIMIT
        --- limits.py
        LIMIT = 3
        --- test_a.py
        def test_first():
            assert __import__("plugin_" + "one").LIMIT
        --- test_b.py
        def test_second():
            assert __import__("plugin_" + "one").LIMIT == 3
        """,
        "--- limits.py: 3 => 2",
    ],
    "dotted name given to __import__, second user": [
        """
        --- app/__init__.py
        --- app/mail.py
        FROM = "a"
        --- test_a.py
        def test_first():
            assert __import__("app.mail", fromlist=["mail"]).FROM
        --- test_b.py
        def test_second():
            assert __import__("app.mail", fromlist=["mail"]).FROM == "a"
        """,
        '--- app/mail.py: "a" => "b"',
    ],
    "second file that imports a module": [
        """
        --- limits.py
        LIMIT = 3
        --- test_a.py
        from limits import LIMIT
        def test_first():
            assert LIMIT
        --- test_b.py
        from limits import LIMIT
        def test_second():
            assert LIMIT == 3
        """,
        "--- limits.py: 3 => 4",
    ],
    "lazy package, second user": [
        """
        --- lib/__init__.py
        import importlib
        def __getattr__(name):
            module = importlib.import_module(f"lib.{name}")
            globals()[name] = module
            return module
        --- lib/fast.py
        from lib.limits import LIMIT
        --- lib/limits.py
        LIMIT = 3
        --- test_a.py
        import lib
        def test_first():
            assert lib.fast.LIMIT
        --- test_b.py
        import lib
        def test_second():
            assert lib.fast.LIMIT == 3
        """,
        "--- lib/limits.py: 3 => 2",
    ],
    "import inside of a function": [
        """
        --- shop.py
        def price():
            from prices import PRICE
            return PRICE
        --- prices.py
        from limits import LIMIT as PRICE
        --- limits.py
        LIMIT = 3
        --- test_a.py
        import shop
        def test_first():
            assert shop.price()
        --- test_b.py
        import shop
        def test_second():
            assert shop.price() == 3
        """,
        "--- limits.py: 3 => 2",
        "--- limits.py: 2 => 3",
    ],
    "star import through a package": [
        """
        --- pkg/__init__.py
        from .inner import *
        --- pkg/inner.py
        from .deep.values import *
        --- pkg/deep/__init__.py
        --- pkg/deep/values.py
        VALUE = 1
        --- test_value.py
        import pkg
        def test_value():
            assert pkg.VALUE == 1
        """,
        "--- pkg/deep/values.py: 1 => 2",
        "--- pkg/inner.py: import * => import VALUE; VALUE = 1",
    ],
    "relative import and implicit packages": [
        """
        --- shop/__init__.py
        SEEN = "shop"
        --- shop/parts/__init__.py
        from .. import SEEN
        --- shop/parts/wheel.py
        from . import SEEN
        --- test_wheel.py
        import shop.parts.wheel as wheel
        def test_wheel():
            assert wheel.SEEN == "shop"
        """,
        '--- shop/__init__.py: "shop" => "store"',
        '--- shop/parts/__init__.py: from .. import SEEN => SEEN = "shop"',
    ],
    "an implicit package that only executes": [
        """
        --- state.py
        SEEN = []
        --- shop/__init__.py
        import state
        state.SEEN.append("shop")
        --- shop/wheel.py
        --- test_a.py
        import importlib
        def test_first():
            importlib.import_module("shop" + ".wheel")
        --- test_b.py
        import importlib
        import state
        def test_second():
            importlib.import_module("shop" + ".wheel")
            assert state.SEEN == ["shop"]
        """,
        '--- shop/__init__.py: "shop" => "store"',
    ],
    "re-export of a package": [
        """
        --- shop/__init__.py
        from shop.old import price
        --- shop/old.py
        def price():
            return 1
        --- shop/new.py
        def price():
            return 2
        --- test_price.py
        from shop import price
        def test_price():
            assert price() == 1
        """,
        "--- shop/__init__.py: old => new",
        "--- shop/new.py: 2 => 1",
    ],
    "namespace package in two places": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = one two
        --- one/space/here.py
        VALUE = 1
        --- two/space/there.py
        VALUE = 1
        --- test_space.py
        from space import here, there
        def test_values():
            assert (here.VALUE, there.VALUE) == (1, 1)
        """,
        "--- two/space/there.py: 1 => 2",
        """
        --- one/space/there.py
        VALUE = 1
        """,
    ],
    "directory of the name of a missing module": [
        """
        --- shop/__init__.py
        --- test_ghost.py
        import importlib, importlib.util
        def test_found():
            assert importlib.util.find_spec("gh" + "ost") is None
        def test_computed():
            try:
                importlib.import_module("shop.gh" + "ost")
            except ImportError:
                return
            assert False
        def test_plain():
            try:
                import ghost
            except ImportError:
                return
            assert False
        """,
        "--- ghost/x.txt",
        "--- ghost renamed aside",
        "--- shop/ghost/x.txt",
        "--- shop/ghost renamed shop/aside",
    ],
    "parts of a namespace package come and go": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = one two
        --- one/plug/x.txt
        --- one/space/a.py
        --- two/keep.txt
        --- test_import.py
        def test_import():
            import plug
        --- test_spec.py
        import importlib.util
        def test_spec():
            assert importlib.util.find_spec("plug")
        --- test_parts.py
        import pkgutil
        import space
        def test_modules():
            assert [found.name for found in pkgutil.iter_modules(space.__path__)] == ["a"]
        """,
        "--- two/space/b.py",
        "--- two/space renamed two/aside",
        "--- one/plug renamed one/aside",
    ],
    "module that others have loaded, looked for": [
        """
        --- plug.py
        --- test_import.py
        def test_import():
            import plug
        --- test_spec.py
        import importlib.util
        def test_spec():
            assert importlib.util.find_spec("plug")
        """,
        "--- plug.py deleted",
    ],
    "optional import that is there one day": [
        """
        --- shop.py
        try:
            import speedups
        except ImportError:
            speedups = None
        --- test_shop.py
        import shop
        def test_speedups():
            assert shop.speedups is None
        """,
        "--- speedups.py",
        "--- speedups.py deleted",
    ],
    "optional import by a computed name": [
        """
        --- shop.py
        import importlib
        def load(name):
            try:
                return importlib.import_module("speed" + name)
            except ImportError:
                return None
        --- test_shop.py
        import shop
        def test_speedups():
            assert shop.load("ups") is None
        def test_other():
            assert shop.load("other") is None
        """,
        "--- speedups.py",
        "--- speedother/__init__.py",
    ],
    "new module in front of another": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = first second
        testpaths = tests
        --- first/keep.txt
        --- second/values.py
        VALUE = 1
        --- tests/test_values.py
        import values
        def test_value():
            assert values.VALUE == 1
        """,
        """
        --- first/values.py
        VALUE = 2
        """,
        "--- first/values.py deleted",
    ],
    "name asked of find_spec": [
        """
        --- shop.py
        import importlib.util
        HAS = importlib.util.find_spec("speed" + "ups") is not None
        def has(name):
            return importlib.util.find_spec("speed" + name) is not None
        --- test_shop.py
        import shop
        def test_at_import():
            assert not shop.HAS
        def test_asked():
            assert not shop.has("er")
        """,
        "--- speedups.py",
        "--- speeder.py",
    ],
    "module deleted, and replaced by a package": [
        """
        --- values.py
        VALUE = 1
        --- test_values.py
        def test_value():
            import values
            assert values.VALUE == 1
        """,
        "--- values.py deleted",
        """
        --- values/__init__.py
        from values.inner import VALUE
        --- values/inner.py
        VALUE = 1
        """,
        "--- values/inner.py: 1 => 2",
    ],
    "modules found by pkgutil": [
        """
        --- plugins/__init__.py
        import importlib
        import pkgutil
        NAMES = [name for _, name, _ in pkgutil.iter_modules(__path__)]
        def values():
            return [importlib.import_module(f"plugins.{name}").VALUE for name in NAMES]
        --- plugins/one.py
        VALUE = 1
        --- test_plugins.py
        import pkgutil
        import plugins
        def test_values():
            assert plugins.values() == [1]
        def test_walk():
            assert [m.name for m in pkgutil.walk_packages(plugins.__path__, "plugins.")] == ["plugins.one"]
        """,
        """
        --- plugins/two.py
        VALUE = 2
        """,
        "--- plugins/two.py deleted",
        "--- plugins/one.py: 1 => 2",
    ],
    "module imported in a thread": [
        """
        --- jobs.py
        import threading
        def run(name):
            found = []
            thread = threading.Thread(target=lambda: found.append(__import__("job_" + name).VALUE))
            thread.start()
            thread.join()
            return found
        --- job_one.py
        from limits import LIMIT as VALUE
        --- limits.py
        LIMIT = 1
        --- test_jobs.py
        import jobs
        def test_jobs():
            assert jobs.run("one") == [1]
        """,
        "--- limits.py: 1 => 2",
    ],
    "module imported by asynchronous code": [
        """
        --- jobs.py
        import asyncio
        import importlib
        async def load(name):
            await asyncio.sleep(0)
            return await asyncio.to_thread(importlib.import_module, "job_" + name)
        --- job_one.py
        VALUE = 1
        --- test_jobs.py
        import asyncio
        import jobs
        def test_first():
            assert asyncio.run(jobs.load("one")).VALUE
        def test_jobs():
            assert asyncio.run(jobs.load("one")).VALUE == 1
        """,
        "--- job_one.py: 1 => 2",
    ],
    "module that inspect comes by while it looks for another": [
        """
        --- shop.py
        import inspect
        def place():
            return inspect.getmodule(inspect.currentframe()).__name__
        --- other.py
        VALUE = 1
        --- test_a_other.py
        import other
        def test_other():
            assert other.VALUE == 1
        --- test_shop.py
        import shop
        def test_shop():
            assert shop.place() == "shop"
        """,
        "--- other.py: 1 => 2",
    ],
    "module of the same name in a place that comes first": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = . src
        --- src/lone.py
        VALUE = 1
        --- src/other.py
        VALUE = 1
        --- src/third.py
        VALUE = 1
        --- src/fourth.py
        VALUE = 1
        --- tests/test_a_loaded.py
        import lone, other, colorsys
        def test_loaded():
            assert other.VALUE
        --- tests/test_lone.py
        import importlib, importlib.util, runpy
        def test_named():
            assert importlib.import_module("lo" + "ne").VALUE == 1
        def test_loaded():
            assert importlib.import_module("ot" + "her").VALUE == 1
        def test_looked_for():
            assert "src" in importlib.util.find_spec("third").origin
        def test_run():
            assert runpy.run_module("fourth")["VALUE"] == 1
        def test_library():
            assert not hasattr(importlib.import_module("color" + "sys"), "VALUE")
        """,
        """
        --- lone.py
        VALUE = 2
        """,
        """
        --- other/__init__.py
        VALUE = 2
        """,
        """
        --- third.py
        VALUE = 2
        """,
        """
        --- fourth.py
        VALUE = 2
        """,
        """
        --- colorsys.py
        VALUE = 2
        """,
    ],
    "place for modules that comes to be": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = later
        --- test_later.py
        def test_later():
            try:
                import thing
            except ImportError:
                return
            assert thing.VALUE == 1
        """,
        """
        --- later/thing.py
        VALUE = 2
        """,
        "--- later/thing.py: 2 => 1",
    ],
    "place that a package has added to its own": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = . extra
        --- extra/other.py
        --- pk/__init__.py
        import pkgutil
        __path__ = pkgutil.extend_path(__path__, __name__)
        --- test_pk.py
        import pk
        def test_part():
            try:
                from pk import part
            except ImportError:
                return
            assert part.VALUE == 1
        """,
        """
        --- extra/pk/part.py
        VALUE = 2
        """,
        "--- extra/pk/part.py: 2 => 1",
    ],
}

SPARED: dict[str, tuple[str, ...]] = {
    "module that inspect comes by while it looks for another": ("test_shop.py::test_shop",),
}
