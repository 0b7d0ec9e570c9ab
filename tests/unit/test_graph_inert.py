"""How far a module only imports and defines."""

import ast

import pytest

from pytest_reloadwatch.graph.inert import WHOLE, extent


@pytest.mark.parametrize(
    "source",
    [
        "'''doc'''\nimport a\nfrom b import c\nX = 1\ndef f(): g()",
        "try:\n    import a\nexcept ImportError:\n    a = None",
        "T = TypeVar('T')\nlog = logging.getLogger(__name__)\nP = re.compile('x')",
        "@dataclass\nclass A:\n    x: int = 0\n    @property\n    def y(self): return 1",
        "class E(ValueError): pass\nclass K(Enum):\n    A = 1",
        "@pytest.mark.parametrize('x', [1])\ndef test_x(x): pass",
        "if TYPE_CHECKING:\n    anything(goes)",
    ],
)
def test_inert_throughout(source):
    assert extent(source).strict == WHOLE


@pytest.mark.parametrize(
    "statement",
    [
        "configure()",
        "os.environ['X'] = '1'",
        "module.function = wrapper",
        "X = register(1)",
        "@registry.add\ndef f(): pass",
        "class M(Base): pass",
        "class M(metaclass=Meta): pass",
        "for x in y: z(x)",
        "with patched(): import b",
        "del a.b",
        "def f(x=call()): pass",
    ],
)
def test_code_that_can_reach_out_ends_it(statement):
    assert extent(f"import a\n\n{statement}\nimport b").strict == 2


@pytest.mark.parametrize("statement", ["X = register(1)", "@registry.add\ndef f(): pass", "class M(Base): pass"])
def test_the_lenient_extent_goes_past_definitions(statement):
    assert extent(f"import a\n\n{statement}\n").lenient == WHOLE


@pytest.mark.parametrize("statement", ["matplotlib.use('Agg')", "module.function = wrapper", "os.environ['X'] = '1'"])
def test_the_lenient_extent_ends_at_plain_effects(statement):
    assert extent(f"import a\n\n{statement}\n").lenient == 2


def test_what_a_function_imports_is_none_of_them():
    source = "try:\n    import a\nexcept ImportError:\n    import b\ndef f():\n    import c\nclass D:\n    import d"
    assert extent(source).imports == extent(ast.parse(source)).imports == ("import a", "import b", "import d")


def test_its_imports_are_told_in_order():
    assert extent("import b\nimport a\nf()\nimport c").imports == ("import b", "import a")
