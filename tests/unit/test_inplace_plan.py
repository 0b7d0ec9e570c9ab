"""Plans of drawn import graphs: which modules execute again, in which order, and why."""

import itertools

import pytest
from worlds import World, read

from pytest_reloadwatch.exceptions import BrokenSourceError
from pytest_reloadwatch.inplace.ordering import components
from pytest_reloadwatch.inplace.plan import make_plan


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


def draw(world, drawing):
    """Write and import modules: a line ``a: b c`` is a module that imports two others."""
    lines = [line.split(":") for line in drawing.split("\n") if line.strip()]
    sources = {name.strip(): "".join(f"import {one}\n" for one in imports.split()) for name, imports in lines}
    world.write(**{name.replace(".", "__"): source for name, source in sources.items()})
    world.start(*(name.removesuffix(".INIT") for name in sources))
    return sources


def edit(world, sources, *names):
    world.write(**{name.replace(".", "__"): sources[name] + "EDITED = True\n" for name in names})


@pytest.mark.parametrize(
    ("drawing", "edited", "trace"),
    [
        ("a: b\nb: c\nc:", "c", "c b a"),
        ("a: b\nb: c\nc:", "b", "b a"),
        ("a: b\nb: c\nc:", "a", "a"),
        ("a: b c\nb: d\nc: d\nd:\ne:", "d", "d b c a"),
        ("a: b\nb: a\nc: b\nd:", "b", "a b c"),
        ("a: b\nb: a\nc: b\nd:", "c", "c"),
        ("a: b\nb: c\nc: a d\nd:", "d", "d a b c"),
        ("p.INIT:\np.m:\np.n: p.m\nuser: p.n", "p.m", "p.m p.n user"),
        ("p.INIT:\np.m:\np.n: p.m\nuser: p.n", "p.INIT", "p p.m p.n user"),
        ("p.INIT: p.m\np.m:\np.n:", "p.m", "p p.m p.n"),
    ],
)
def test_the_trace(world, drawing, edited, trace):
    sources = draw(world, drawing)
    edit(world, sources, edited)
    assert world.plan().names == tuple(trace.split())
    assert world.reload().executed == tuple(trace.split())


def test_it_can_be_read(world):
    sources = draw(world, "a: b\nb: c\nc:\nd:")
    assert str(world.plan()) == "nothing to reload"
    edit(world, sources, "c", "d")
    assert str(world.plan()) == "\n".join(
        ["1. c: changed", "2. b: imports c, which changed", "3. a: imports b, which executes again", "4. d: changed"]
    )


def test_layout_counts_only_if_asked_for(world):
    draw(world, "a:")
    world.write(a="# a comment\n")
    assert world.plan().names == ("a",)
    assert not world.plan(count_layout=False)


def test_a_data_file_on_which_a_module_rests(world):
    draw(world, "a:\nb: a\nc:")
    loaded, graph = world.loaded_and_graph()
    graph.add_edge(world.path("a"), "/data.json")
    plan = make_plan(loaded, read, graph, also_changed=["/data.json"])
    assert str(plan) == "1. a: rests on /data.json, which changed\n2. b: imports a, which executes again"


def test_the_first_broken_source_is_told(world):
    sources = draw(world, "a: b\nb:")
    edit(world, sources, "b")
    world.write(a="import b\nif\n")
    with pytest.raises(BrokenSourceError, match=r"a\.py, line 2: "):
        world.plan()


class TestObstacles:
    def reasons(self, world, **how):
        return [str(obstacle).replace(world.root, "") for obstacle in world.plan(**how).obstacles]

    def test_a_source_that_is_gone_and_still_imported(self, world):
        draw(world, "a: b\nb:")
        world.delete("b")
        assert self.reasons(world) == ["b has no source any more, and a still imports it"]

    def test_a_source_that_is_gone_and_imported_by_nobody_is_dropped(self, world):
        draw(world, "a: b\nb:")
        world.write(a="")
        world.delete("b")
        plan = world.plan()
        assert (plan.obstacles, [step.name for step in plan.dropped], plan.names) == ((), ["b"], ("a",))
        assert world.reload().dropped == ("b",)
        assert sorted(world.modules()) == ["a"]

    def test_a_module_that_became_a_package(self, world):
        draw(world, "a: b\nb:")
        world.delete("b")
        world.write(b__INIT="")
        assert self.reasons(world) == ["b is a package now"]

    def test_a_package_that_became_a_module(self, world):
        draw(world, "a: b\nb.INIT:")
        world.delete("b__INIT")
        world.write(b="")
        assert self.reasons(world) == ["b is a plain module now"]

    def test_a_file_that_comes_first_now(self, world):
        draw(world, "a: b\nb:")
        world.write(b__INIT="")
        path = world.path("b__INIT")
        assert self.reasons(world, also_changed=[path]) == ["b would come from /b/__init__.py now, not from /b.py"]


class TestDoubts:
    def doubts(self, world, **sources):
        world.write(**sources)
        return [str(doubt) for doubt in world.plan().doubts]

    @pytest.mark.parametrize(
        "source",
        [
            "import os\nos.environ['A'] = '1'",
            "import sys\nsys.path.insert(0, 'x')",
            "from reg import KEPT\nKEPT += [1]",
            "import reg\nreg.KEPT.append(1)",
            "import reg\nX = reg.KEPT.append(1)",
            "import reg\nwith open('x') as f:\n    reg.KEPT.append(f)",
            "import reg\nfor x in (1, 2):\n    reg.KEPT[x] = x",
            "import reg\ndel reg.KEPT[:]",
            "import logging\nLOG = logging.getLogger('x')\nLOG.setLevel(10)",
            "import reg\nclass A:\n    reg.KEPT.append('A')",
        ],
    )
    def test_what_reaches_beyond_the_module(self, world, source):
        world.write(reg="KEPT = []\n", a="")
        world.start("reg", "a")
        (said,) = self.doubts(world, a=source)
        assert said.startswith("a would do this once more: line ")

    @pytest.mark.parametrize(
        "source",
        [
            "ITEMS = []\nITEMS.append(1)\nITEMS[0] = 2\nITEMS += [3]",
            "class A:\n    pass\nA.x = 1",
            "import sys\nif sys.version_info > (3,):\n    X = 1\nelse:\n    X = 2",
            "if __name__ == '__main__':\n    import os\n    os.environ['A'] = '1'",
            "import logging\nLOG = logging.getLogger(__name__)",
            "import pytest\npytestmark = pytest.mark.slow\n@pytest.fixture\ndef f():\n    pass",
            "for name in ('a', 'b'):\n    globals()[name] = 1",
            "def f():\n    import os\n    os.environ['A'] = '1'",
            "COUNT = 0\nCOUNT += 1",
            "__all__ = ['a']\n__all__ += ['b']\n__all__.append('c')",
        ],
    )
    def test_what_stays_within_it(self, world, source):
        world.write(a="")
        world.start("a")
        assert self.doubts(world, a=source) == []

    def test_what_was_done_and_is_no_longer_there(self, world):
        world.write(reg="KEPT = {}\n", a="import reg\nreg.KEPT['a'] = 1\n")
        world.start("a")
        assert self.doubts(world, a="import reg\n") == ["a has done this, which stays: line 2: reg.KEPT['a'] = 1"]

    def test_a_definition_that_has_gone_and_was_perhaps_registered(self, world):
        world.write(reg="def known(f): return f\n", a="from reg import known\n@known\ndef f(): pass\n")
        world.start("a")
        (said,) = self.doubts(world, a="from reg import known\n@known\ndef g(): pass\n")
        assert said == "a may have told others of this, which has gone: line 3: @known def f"

    def test_an_import_that_has_gone_and_had_effects(self, world):
        world.write(reg="KEPT = []\n", effect="import reg\nreg.KEPT.append(1)\n", a="import effect\n")
        world.start("a")
        assert self.doubts(world, a="") == ["a no longer imports effect, whose effects stay"]

    def test_imports_in_another_order(self, world):
        world.write(env="import os\nos.environ['RW'] = '1'\n", b="import os\n", a="import env\nimport b\n")
        world.start("a")
        (said,) = self.doubts(world, a="import b\nimport env\n")
        assert said == "a imports env at another moment, whose effects were had at the old one"


def test_components_of_a_long_chain_and_a_circle():
    names = [str(number) for number in range(5000)]
    chain = {one: [following] for one, following in itertools.pairwise(names)}
    assert components(names, chain) == [[name] for name in reversed(names)]
    circle = {**chain, names[-1]: [names[0]]}
    assert components(names, circle) == [names[::-1]]
