"""What executing modules again does to those that are kept, noticed before and after."""

import os

import pytest
from worlds import World


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


def disturbed(world, *, start=("a",), **sources):
    """Start, save, reload: what is said to be disturbed."""
    world.start(*start)
    world.write(**sources)
    return list(world.reload().disturbed)


class TestState:
    def test_a_list_of_names_that_grew(self, world):
        world.write(
            base="""
                class Base:
                    names = []
                    def __init_subclass__(cls):
                        Base.names.append(cls.__name__)
            """,
            a="from base import Base\nclass A(Base): pass\n",
        )
        said = disturbed(world, a="from base import Base\nclass A(Base): x = 1\n")
        assert said == ["list base.Base.names had 1 items and has 2"]

    def test_a_counter(self, world):
        world.write(
            reg="COUNT = 0\ndef tick():\n    global COUNT\n    COUNT += 1\n    return COUNT\n",
            a="import reg\nN = reg.tick()\n",
        )
        assert "reg.COUNT has changed" in disturbed(world, a="import reg\nN = reg.tick() + 1\n")

    def test_a_value_deep_within(self, world):
        world.write(
            reg="""
                class Registry:
                    def __init__(self):
                        self.kept = {"x": [1]}
                    def put(self):
                        self.kept["x"][0] += 1
                REG = Registry()
            """,
            a="import reg\nX = reg.REG.put()\n",
        )
        assert "reg.REG.kept['x'][0] has changed" in disturbed(world, a="import reg\nY = reg.REG.put()\n")

    def test_what_is_made_anew_takes_the_old_one_s_place(self, world):
        world.write(reg="KEPT = {}\n", a="import reg\ndef f(): return 1\nreg.KEPT['f'] = f\n")
        assert disturbed(world, a="import reg\ndef f(): return 2\nreg.KEPT['f'] = f\n") == []

    def test_a_submodule_that_is_imported_for_the_first_time(self, world):
        world.write(p__INIT="", p__new="", a="import p\n")
        assert disturbed(world, a="import p.new\n") == []


class TestSurroundings:
    def test_an_environment_variable(self, world, monkeypatch):
        monkeypatch.setenv("RW_TEST", "1")
        world.write(a="import os\n")
        (said,) = disturbed(world, a="import os\nos.putenv\nos.environ['RW_TEST'] = '2'\n")
        assert said.startswith("environment variables, ")
        assert os.environ["RW_TEST"] == "2"


class TestMemory:
    MEMO = """
        CACHE = {}
        def memo(key, make):
            if key not in CACHE:
                CACHE[key] = make()
            return CACHE[key]
    """
    PRICES = "import rates\nfrom cache import memo\nPRICE = memo('p', lambda: rates.RATE * 10)\n"

    def test_a_cache_that_answers_for_the_old_generation(self, world):
        world.write(cache=self.MEMO, rates="RATE = 2\n", prices=self.PRICES)
        said = disturbed(world, start=("prices",), rates="RATE = 3\n")
        assert said == ["prices calls memo when it executes, which remembers in cache.CACHE"]

    def test_a_cached_function(self, world):
        world.write(
            cache="import functools\n@functools.lru_cache\ndef size(x): return 1\n",
            a="import cache\nN = cache.size(1)\n",
        )
        (said,) = disturbed(world, a="import cache\nN = cache.size(2)\n")
        assert said == "a calls cache.size when it executes, which remembers in the cache of cache.size"

    def test_a_function_that_keeps_nothing(self, world):
        world.write(tools="SEP = ','\ndef join(*x): return SEP.join(x)\n", a="import tools\nN = tools.join('a')\n")
        assert disturbed(world, a="import tools\nN = tools.join('b')\n") == []


def test_a_warning_that_something_is_there_twice(world):
    world.write(
        reg="""
            import warnings
            SEEN = set()
            def reg(name):
                if name in SEEN:
                    warnings.warn("twice")
                SEEN.add(name)
        """,
        a="import reg\nX = reg.reg('a')\n",
    )
    with pytest.warns(UserWarning, match="twice"):
        said = disturbed(world, a="import reg\nY = reg.reg('a')\n")
    assert "executing again gave a warning: twice" in said
