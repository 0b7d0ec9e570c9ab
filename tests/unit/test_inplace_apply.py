"""Modules of this process, edited and executed again in place: the trace, the namespaces, and what failures leave."""

import gc
import sys
import types

import pytest
from worlds import World

from pytest_reloadwatch.exceptions import BrokenSourceError, ReloadFailedError


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


class TestPlainKinds:
    """Each reloads in place, and the witness finds nothing."""

    def reload(self, world, **sources):
        world.write(**sources)
        applied = world.reload()
        assert world.stale(applied) == []
        return applied.executed

    def test_function_body(self, world):
        world.write(a="def f():\n    return 1\n")
        (a,) = world.start("a")
        assert self.reload(world, a="def f():\n    return 2\n") == ("a",)
        assert a.f() == 2
        assert sys.modules["a"] is a

    def test_new_function(self, world):
        world.write(a="def f():\n    return 1\n")
        (a,) = world.start("a")
        self.reload(world, a="def f():\n    return g()\ndef g():\n    return 3\n")
        assert a.f() == 3

    def test_constant_and_those_who_copied_it(self, world):
        world.write(a="LIMIT = 1\n", b="from a import LIMIT\n", c="from b import *\n", other="import sys\n")
        _, c, other = world.start("a", "c", "other")
        keeps = dict(vars(other))
        assert self.reload(world, a="LIMIT = 2\n") == ("a", "b", "c")
        assert c.LIMIT == 2
        assert vars(other) == keeps

    def test_class_method(self, world):
        world.write(a="class A:\n    def f(self):\n        return 1\n", b="from a import A\nclass B(A):\n    pass\n")
        _, b = world.start("a", "b")
        self.reload(world, a="class A:\n    def f(self):\n        return 2\n")
        assert b.B().f() == 2

    def test_deleted_name(self, world):
        world.write(a="A = 1\nB = 2\n")
        (a,) = world.start("a")
        self.reload(world, a="A = 1\n")
        assert not hasattr(a, "B")

    def test_circular_import(self, world):
        source = "import {0}\nNAME = '{1}'\ndef both():\n    return NAME + {0}.NAME\n"
        world.write(a=source.format("b", "a"), b=source.format("a", "b"))
        a, b = world.start("a", "b")
        assert self.reload(world, b=source.format("a", "c")) == ("a", "b")
        assert (a.both(), b.both()) == ("ac", "ca")

    def test_enum_whose_users_depend_on_it(self, world):
        world.write(a="import enum\nclass E(enum.Enum):\n    X = 1\n", b="from a import E\nFIRST = E.X\n")
        a, b = world.start("a", "b")
        self.reload(world, a="import enum\nclass E(enum.Enum):\n    X = 2\n")
        assert b.FIRST is a.E.X

    def test_plain_values_that_only_their_module_has(self, world):
        source = "A = [1]\nB = {{'a': A, 'b': [{0}]}}\nC = (A, B)\ndef f(x=B): return C\nclass D:\n    e = A\n"
        world.write(a=source.format(1))
        (a,) = world.start("a")
        self.reload(world, a=source.format(2))
        assert a.C[1]["b"] == [2]

    def test_plain_values_that_two_of_them_name(self, world):
        world.write(a="D = {'x': [1]}\n", b="from a import D\n")
        world.start("b")
        self.reload(world, a="D = {'x': [2]}\n")

    def test_plain_values_in_a_circle(self, world):
        source = """
            class Tag:
                __slots__ = ("owner",)
                def __init__(self, owner):
                    self.owner = owner
            class Owner:
                __slots__ = ("tags",)
                def __init__(self):
                    self.tags = [Tag(self)]
            OWNER = Owner()
            LOOP = [{}]
            LOOP.append(LOOP)
        """
        world.write(a=source.format(1), b="import a\nclass B:\n    owner = a.OWNER\n")
        world.start("b")
        self.reload(world, a=source.format(2))

    def test_pattern_that_re_keeps_in_a_cache(self, world):
        world.write(a="import re\nP = re.compile('one')\n")
        (a,) = world.start("a")
        self.reload(world, a="import re\nP = re.compile('two')\n")
        assert a.P.pattern == "two"

    def test_annotations_that_typing_keeps_in_a_cache(self, world):
        source = "import typing\nclass A:\n    pass\ndef f(x: typing.Optional[A]) -> typing.List[A]:\n    return {}\n"
        world.write(a=source.format(1))
        world.start("a")
        self.reload(world, a=source.format(2))


class TestWitness:
    def test_names_a_list_in_a_module_that_was_not_reloaded(self, world):
        world.write(
            reg="HANDLERS = []\n", plug="from reg import HANDLERS\ndef on_save(): return 1\nHANDLERS += [on_save]\n"
        )
        world.start("plug")
        world.write(plug="from reg import HANDLERS\ndef on_save(): return 2\nHANDLERS += [on_save]\n")
        said = world.stale(world.reload())
        assert said == ["list reg.HANDLERS holds function plug.on_save of generation 1"]

    def test_names_an_instance_that_main_has(self, world, monkeypatch):
        world.write(cart="class Cart:\n    pass\n")
        (cart,) = world.start("cart")
        monkeypatch.delitem(sys.modules, "__mp_main__", raising=False)  # multiprocessing's name for the same module
        monkeypatch.setattr(sys.modules["__main__"], "cart", cart.Cart(), raising=False)
        world.write(cart="class Cart:\n    size = 1\n")
        said = world.stale(world.reload())
        assert said == ["name 'cart' in __main__ is an instance of cart.Cart of generation 1"]

    def test_names_who_was_frozen(self, world):
        world.write(
            reg="HANDLERS = []\n", plug="from reg import HANDLERS\ndef on_save(): return 1\nHANDLERS += [on_save]\n"
        )
        world.start("plug")
        gc.freeze()
        world.write(plug="from reg import HANDLERS\ndef on_save(): return 2\nHANDLERS += [on_save]\n")
        said = world.stale(world.reload())
        assert said == ["list reg.HANDLERS holds function plug.on_save of generation 1"]
        assert gc.get_freeze_count() == 0

    def test_names_a_subclass(self, world):
        world.write(base="class Base:\n    pass\n", other="")
        base, other = world.start("base", "other")
        other.Sub = type("Sub", (base.Base,), {"__module__": "other"})
        world.write(base="class Base:\n    x = 1\n")
        assert world.stale(world.reload()) == ["class other.Sub is a subclass of base.Base of generation 1"]

    def test_counts_generations(self, world):
        world.write(a="class A: pass\n", other="KEPT = {}\n")
        a, other = world.start("a", "other")
        world.write(a="class A: x = 1\n")
        world.stale(world.reload())
        other.KEPT["one"] = a.A
        world.write(a="class A: x = 2\n")
        assert world.stale(world.reload()) == ["dict other.KEPT holds class a.A of generation 2"]

    def test_an_object_stays_of_the_generation_that_it_was_made_in(self, world):
        world.write(a="class A: pass\n", other="KEPT = {}\n")
        a, other = world.start("a", "other")
        other.KEPT["one"] = a.A
        for size in (1, 2, 3):
            world.write(a=f"class A: x = {size}\n")
            assert world.stale(world.reload()) == ["dict other.KEPT holds class a.A of generation 1"]

    def test_names_a_singledispatch_registry(self, world):
        world.write(
            show="from functools import singledispatch\n@singledispatch\ndef show(v): pass\n",
            plug="from show import show\n@show.register\ndef _(v: int): return 1\n",
        )
        world.start("plug")
        world.write(plug="from show import show\n@show.register\ndef _(v: float): return 1\n")
        said = world.stale(world.reload())
        assert said == ["functools.singledispatch registry of show.show holds function plug._ of generation 1"]

    def test_tells_of_what_is_out_of_sight(self, world):
        world.write(a="import atexit\n@atexit.register\ndef f(): return 1\n")
        world.start("a")
        world.write(a="import atexit\n@atexit.register\ndef f(): return 2\n")
        (said,) = world.stale(world.reload())
        assert said.startswith("something out of sight")
        assert said.endswith("holds function a.f of generation 1")

    def test_finds_closures_to_which_no_name_leads(self, world):
        source = "import reg\ndef make():\n    def inner(): return {}\n    return inner\nreg.KEPT.append(make())\n"
        world.write(reg="KEPT = []\n", a=source.format(1))
        world.start("a")
        world.write(a=source.format(2))
        (said,) = world.stale(world.reload())
        assert said == "list reg.KEPT holds function a.make.<locals>.inner of generation 1"

    def test_finds_a_plain_list_that_another_module_keeps(self, world):
        world.write(
            reg="KEPT = {}\n", a="import reg\nITEMS = [1]\nreg.KEPT['a'] = ITEMS\nreg.KEPT.setdefault('b', ITEMS)\n"
        )
        world.start("a")
        world.write(a="import reg\nITEMS = [2]\nreg.KEPT['a'] = ITEMS\nreg.KEPT.setdefault('b', ITEMS)\n")
        assert world.stale(world.reload()) == ["dict reg.KEPT holds list a.ITEMS of generation 1"]

    def test_finds_a_circle_that_another_module_keeps(self, world):
        source = "import reg\nLOOP = [{}]\nLOOP.append(LOOP)\nreg.KEPT.setdefault('a', LOOP)\n"
        world.write(reg="KEPT = {}\n", a=source.format(1))
        world.start("a")
        world.write(a=source.format(2))
        assert world.stale(world.reload()) == ["dict reg.KEPT holds list a.LOOP of generation 1"]

    def test_does_not_mind_what_takes_the_old_one_s_place(self, world):
        world.write(reg="KEPT = {}\n", a="import reg\ndef f(): return 1\nreg.KEPT['f'] = f\n")
        world.start("a")
        world.write(a="import reg\ndef f(): return 2\nreg.KEPT['f'] = f\n")
        assert world.stale(world.reload()) == []


class TestFailure:
    def before(self, world):
        world.write(a="A = 1\ndef f(): return A\n", b="from a import A\n", p__INIT="", p__m="import b\n")
        modules = world.start("a", "b", "p.m", "p")
        return modules, [dict(vars(module)) for module in modules], world.modules()

    def assert_as_before(self, world, before):
        modules, names, loaded = before
        assert [dict(vars(module)) for module in modules] == names
        assert world.modules() == loaded

    @pytest.mark.parametrize("statement", ["1 / 0", "raise SystemExit(3)", "import missing_module", "from a import B"])
    def test_restores_every_namespace(self, world, statement):
        before = self.before(world)
        world.write(a="A = 2\n", b=f"from a import A\nX = 1\n{statement}\n")
        with pytest.raises(ReloadFailedError, match=r"^b could not be executed again: .*b\.py, line 3\)"):
            world.reload()
        self.assert_as_before(world, before)

    def test_an_interrupt_remains_one(self, world):
        before = self.before(world)
        world.write(b="raise KeyboardInterrupt\n")
        with pytest.raises(KeyboardInterrupt):
            world.reload()
        self.assert_as_before(world, before)

    def test_forgets_what_was_imported_meanwhile(self, world):
        before = self.before(world)
        world.write(p__new="", b="import p.new\nimport fresh_one\n1 / 0\n", fresh_one="")
        with pytest.raises(ReloadFailedError):
            world.reload()
        self.assert_as_before(world, before)

    def test_a_syntax_error_touches_nothing_and_names_the_line(self, world):
        before = self.before(world)
        world.write(a="A = 2\n", b="from a import A\ndef (:\n")
        with pytest.raises(BrokenSourceError, match=r"b\.py, line 2: invalid syntax; nothing was reloaded"):
            world.reload()
        self.assert_as_before(world, before)

    def test_a_module_that_replaces_itself(self, world):
        before = self.before(world)
        world.write(a="import sys\nclass Other: pass\nsys.modules[__name__] = Other()\nsys.modules[__name__].A = 1\n")
        with pytest.raises(ReloadFailedError, match="a could not be executed again: it replaces itself"):
            world.reload()
        self.assert_as_before(world, before)


class TestModules:
    def test_keep_their_class_only_if_they_take_it_again(self, world):
        source = "import sys, types\nclass M(types.ModuleType):\n    size = {}\nsys.modules[__name__].__class__ = M\n"
        world.write(a=source.format(1))
        (a,) = world.start("a")
        world.write(a=source.format(2))
        world.reload()
        assert a.size == 2
        world.write(a="X = 1\n")
        world.reload()
        assert type(a) is types.ModuleType

    def test_with_a_getattr_of_their_own(self, world):
        world.write(a="def __getattr__(name):\n    return name\n")
        (a,) = world.start("a")
        world.write(a="X = 1\n")
        world.reload()
        assert not hasattr(a, "anything")

    def test_are_compiled_from_source_whatever_the_bytecode_says(self, world):
        world.write(a="X = 1\n")
        (a,) = world.start("a")
        for number in (2, 3, 4):  # within one second, of the same size
            world.write(a=f"X = {number}\n")
            world.reload()
            assert number == a.X

    def test_packages_keep_submodules_that_stay(self, world):
        world.write(p__INIT="X = 1\n", p__m="Y = 1\n")
        p, m = world.start("p", "p.m")
        world.write(p__m="Y = 2\n")
        assert world.reload().executed == ("p.m",)
        assert (p.m, m.Y) == (m, 2)

    def test_a_changed_package_executes_with_its_submodules(self, world):
        world.write(p__INIT="import p.m\nX = 1\n", p__m="import p\nY = 1\n", user="import p.m\n")
        p, m = world.start("p", "p.m", "user")[:2]
        world.write(p__INIT="import p.m\nX = 2\n")
        assert world.reload().executed == ("p", "p.m", "user")
        assert (p.m, p.X, m.p) == (m, 2, p)

    def test_undo_gives_back_everything(self, world):
        world.write(a="X = 1\n", b="from a import X\n")
        a, b = world.start("a", "b")
        world.write(a="X = 2\nimport fresh_one\n", fresh_one="")
        applied = world.reload()
        assert (b.X, applied.imported) == (2, ("fresh_one",))
        applied.undo()
        assert (a.X, b.X) == (1, 1)
        assert "fresh_one" not in sys.modules
