"""What counts as a change of a source, and of which function."""

import ast
import io
import pkgutil
import sys
import tokenize
from importlib import import_module, util
from textwrap import dedent

import pytest

from pytest_reloadwatch.graph.fingerprint import MODULE, changed, fingerprints, rebound, semantic_digest


def difference(before, after):
    return changed(fingerprints(dedent(before)), fingerprints(dedent(after)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 1  # one"),
        ("x = 1\ny = 2", "# -*- coding: utf-8 -*-\nx = 1\n\n\ny = 2\n"),
        ("x = 1; y = 2", "x = 1\ny = 2"),
        ("import a  # noqa", "import a  # type: ignore"),
        ("x = 1  # type: int", "x = 1  # type: str"),
        ("def f(): return 1", "def f():\n    # why\n\n    return (1)"),
        ("x = 'a'", 'x = "a"'),
        ("x = 'a'", "x = '''a'''"),
        ("x = 'a'", "x = u'a'"),
        ("x = 'a\\n'", "x = '''a\n'''"),
        ("x = r'\\d'", "x = '\\\\d'"),
        ("x = 'ab'", "x = 'a' 'b'"),
        ("x = f'{a}b'", 'x = f"{ a }" "b"'),
        ("x = 1000", "x = 1_000"),
        ("x = 16", "x = 0x10"),
        ("x = 1.0", "x = 1e0"),
        ("x = a + b", "x = (a +\n     b)"),
        ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
        ("x = 1, 2", "x = (1, 2,)"),
        ("x = a \\\n    if b else c", "x = a if b else c"),
        ("def f(a, b): return g(a, b)", "def f(\n    a,\n    b,\n):\n    return g(a, b,)"),
        ("class C: pass", "class C():\n    # nothing\n    pass"),
        ("def f():\n    pass", "def f():\n\tpass"),
        ("if a:\n    x\nelif b:\n    y", "if a:\n    x\nelse:\n    if b:\n        y"),
        # moved, where nothing can see it
        ("def f(): 1\ndef g(): 2", "def g(): 2\ndef f(): 1"),
        ("a\ndef f(x: int = 1): 1\nasync def g(): 2\nb", "a\nasync def g(): 2\ndef f(x: int = 1): 1\nb"),
        ("def f(): 1\ndef f(): 2\ndef g(): 3", "def g(): 3\ndef f(): 1\ndef f(): 2"),
        ("def f(): 1\ndef g(): 2\n@d\ndef h(): 3", "def g(): 2\ndef f(): 1\n@d\ndef h(): 3"),
    ],
)  # fmt: skip
def test_equal(before, after):
    assert difference(before, after) == frozenset()
    assert fingerprints(dedent(before)) == fingerprints(dedent(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = True", "x = 'True'"),
        ("x = None", "x = 'None'"),
        ("x = None", "x = ''"),
        ("x = ...", "x = 'Ellipsis'"),
        ("x = 'a'", "x = b'a'"),
        ("x = 'a'", "x = a"),
        ("x = 'a'", "x = f'a'"),
        ("x = '{a}'", "x = f'{a}'"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a:>3}'", "x = f'{a:>4}'"),
        ("x = 'ab'", "x = 'a', 'b'"),
        ("x = 'a b'", "x = 'a  b'"),
        ("x = 'a\\nb'", "x = 'ab'"),
        ("x = (1)", "x = (1,)"),
        ("x = [1, [2]]", "x = [[1], 2]"),
        ("x = a + b * c", "x = (a + b) * c"),
        ("x = y = 1", "x = 1\ny = 1"),
        ("a\nb", "b\na"),
        ("__all__ = ['a']", "__all__ = ['a', 'b']"),
        ("x: int = 1", "x: str = 1"),
        ("x: int", "(x): int"),
        ("import a", "import a as b"),
        ("import a.b", "import a"),
        ("from .a import b", "from ..a import b"),
        ("from a import b", "from a import *"),
        ("", "from __future__ import annotations"),
        ("", "'''About the module.'''"),
        ("if TYPE_CHECKING:\n    import a", "if TYPE_CHECKING:\n    import b"),
        ("if a:\n    x\nelse:\n    y", "if a:\n    x\ny"),
        ("if (x := 1): pass", "if (y := 1): pass"),
        ("f = lambda x: 1", "f = lambda x: 2"),
        ("x = [i for i in y]", "x = [i for i in y if i]"),
        ("x = {**a, 'b': 1}", "x = {'b': 1, **a}"),
        ("x = {**a}", "x = {a}"),
        ("match x:\n    case 1: y", "match x:\n    case 2: y"),
        ("match x:\n    case None: y", "match x:\n    case True: y"),
        ("match x:\n    case [a, *b]: y", "match x:\n    case [a, *_]: y"),
        ("del x", "x"),
        ("print(x for x in y)", "print([x for x in y])"),
        # what can be seen of a function without calling it
        ("def f(): 1", "@d\ndef f(): 1"),
        ("@d(1)\ndef f(): 1", "@d(2)\ndef f(): 1"),
        ("@a\n@b\ndef f(): 1", "@b\n@a\ndef f(): 1"),
        ("def f(x): 1", "def f(y): 1"),
        ("def f(x): 1", "def f(*x): 1"),
        ("def f(x): 1", "def f(x, /): 1"),
        ("def f(x): 1", "def f(*, x): 1"),
        ("def f(x=1): 1", "def f(x=2): 1"),
        ("def f(*, x): 1", "def f(*, x=None): 1"),
        ("def f(*, x=1, y): 1", "def f(*, x, y=1): 1"),
        ("def f(x: int): 1", "def f(x: str): 1"),
        ("def f(): 1", "def f() -> int: 1"),
        ("def f(x=lambda: 1): 1", "def f(x=lambda: 2): 1"),
        ("def f(): 1", "async def f(): 1"),
        ("class C:\n    def f(self): 1", "class C:\n    async def f(self): 1"),
        ("if a:\n    def f(): 1", "if b:\n    def f(): 1"),
        # classes
        ("class C:\n    x = 1", "class C:\n    x = 2"),
        ("class C: pass", "class C(B): pass"),
        ("class C(B): pass", "class C(metaclass=B): pass"),
        ("class C(x=1): pass", "class C(x=2): pass"),
        ("class C: pass", "@d\nclass C: pass"),
        ("class C: pass", "class D: pass"),
        ("class C:\n    'a'", "class C:\n    'b'"),
        ("class C:\n    x: int", "class C:\n    x: str"),
        ("class C:\n    @property\n    def f(self): 1", "class C:\n    @cached\n    def f(self): 1"),
        ("class C:\n    def f(self): 1\n    x = 1", "class C:\n    x = 1\n    def f(self): 1"),
        ("class C:\n    def f(self): 1\n    def g(self): 2", "class C:\n    def g(self): 2\n    def f(self): 1"),
        # moved, where something may see it
        ("def f(): 1\nx = f()", "x = f()\ndef f(): 1"),
        ("def f(): 1\nclass C(f()): pass", "class C(f()): pass\ndef f(): 1"),
        ("def f(): 1\nimport a", "import a\ndef f(): 1"),
        ("def f(): 1\n@f\ndef g(): 2", "@f\ndef g(): 2\ndef f(): 1"),
        ("@d\ndef f(): 1\n@d\ndef g(): 2", "@d\ndef g(): 2\n@d\ndef f(): 1"),
        ("def f(): 1\ndef g(x=f): 2", "def g(x=f): 2\ndef f(): 1"),
        ("def f(): 1\ndef g(x=f.a): 2", "def g(x=f.a): 2\ndef f(): 1"),
        ("def f(): 1\ndef g() -> f: 2", "def g() -> f: 2\ndef f(): 1"),
        ("def f(x=f): 1\ndef f(): 1", "def f(): 1\ndef f(x=f): 1"),
        ("def f(x=n()): 1\ndef g(x=n()): 2", "def g(x=n()): 2\ndef f(x=n()): 1"),
        ("def int(): 1\ndef g(x: int): 2", "def g(x: int): 2\ndef int(): 1"),
        ("def test_f(): 1\ndef test_g(): 2", "def test_g(): 2\ndef test_f(): 1"),
    ],
)  # fmt: skip
def test_the_module_level_differs_and_no_body(before, after):
    assert difference(before, after) == {MODULE}


@pytest.mark.parametrize(
    ("before", "after", "functions"),
    [
        ("def f():\n    'a'\n    return 1", "def f():\n    'b'\n    return 1", {"f"}),
        ("def f():\n    return 1", "def f():\n    'a'\n    return 1", {"f"}),
        ("def f(): return 1", "def f(): return 2", {"f"}),
        ("async def f(): await a", "async def f(): await b", {"f"}),
        ("def f():\n    'doc'\n    return 1", "def f():\n    'doc'\n    return 2", {"f"}),
        ("def f():\n    x: int = 1", "def f():\n    x: str = 1", {"f"}),
        ("def f():\n    global x\n    x = 1", "def f():\n    x = 1", {"f"}),
        ("def f():\n    def g(): 1", "def f():\n    def g(): 2", {"f"}),
        ("def f():\n    def g(x=1): 1", "def f():\n    def g(x=2): 1", {"f"}),
        ("def f():\n    def g(): 'a'", "def f():\n    def g(): 'b'", {"f"}),
        ("def f():\n    def g(): yield", "def f():\n    def g(): 1", {"f"}),
        ("def f():\n    class C:\n        def g(self): 1", "def f():\n    class C:\n        def g(self): 2", {"f"}),
        ("def f():\n    a()\n    def g(): 1", "def f():\n    def g(): 1\n    a()", {"f"}),
        ("def f(): return lambda: 1", "def f(): return lambda: 2", {"f"}),
        ("def f(): return [x for x in y]", "def f(): return [x for x in z]", {"f"}),
        ("def f():\n    import a", "def f():\n    import b", {"f"}),
        ("def f():\n    assert a", "def f():\n    assert b", {"f"}),
        ("def f():\n    yield 1", "def f():\n    yield 2", {"f"}),
        ("def f(): 1\ndef g(): 2", "def g(): 2\ndef f(): 3", {"f"}),
        ("class C:\n  def f(self): 1\n  def g(self): 2", "class C:\n  def f(self): 3\n  def g(self): 2", {"C.f"}),
        ("class C:\n  class D:\n    def f(self): 1", "class C:\n  class D:\n    def f(self): 2", {"C.D.f"}),
        ("class C:\n  if a:\n    def f(self): 1", "class C:\n  if a:\n    def f(self): 2", {"C.f"}),
        ("class C:\n  class D: pass\n  def f(self): 1", "class C:\n  class D: pass\n  def f(self): 2", {"C.f"}),
        ("class C: pass\ndef f(): 1", "class C: pass\ndef f(): 2", {"f"}),
        ("if a:\n    def f(): 1\nelse:\n    def f(): 2", "if a:\n    def f(): 1\nelse:\n    def f(): 3", {"f#2"}),
        ("try:\n    def f(): 1\nexcept E:\n    def f(): 2", "try:\n    def f(): 3\nexcept E:\n    def f(): 2", {"f"}),
        ("with a:\n    def f(): 1", "with a:\n    def f(): 2", {"f"}),
        ("for i in a:\n    def f(): 1", "for i in a:\n    def f(): 2", {"f"}),
        ("match a:\n  case 1:\n    def f(): 1", "match a:\n  case 1:\n    def f(): 2", {"f"}),
        (
            "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): 1",
            "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): 2",
            {"f#3"},
        ),
        (
            "class C:\n    @property\n    def x(self): 1\n    @x.setter\n    def x(self, v): 2",
            "class C:\n    @property\n    def x(self): 1\n    @x.setter\n    def x(self, v): 3",
            {"C.x#2"},
        ),
        # both: the module level and a body
        ("", "def f(): 1", {MODULE, "f"}),
        ("def f(): 1", "def g(): 1", {MODULE, "f", "g"}),
        ("def f(): return 1", "def f(): yield 1", {MODULE, "f"}),
        ("def f(): return a", "def f(): return (yield from a)", {MODULE, "f"}),
        ("def f(): g(lambda: 1)", "def f(): g(lambda x=(yield): 1)", {MODULE, "f"}),
        ("def f(x): return x", "def f(y): return y", {MODULE, "f"}),
        ("class C:\n    def f(self): 1", "class D:\n    def f(self): 1", {MODULE, "C.f", "D.f"}),
        ("def f(): 1", "def f(: 1", {MODULE, "f"}),
    ],
)  # fmt: skip
def test_these_functions_differ(before, after, functions):
    assert difference(before, after) == functions
    assert semantic_digest(fingerprints(before)) != semantic_digest(fingerprints(after))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of 3.12")
@pytest.mark.parametrize(
    ("before", "after", "functions"),
    [
        ("type A = int", "type A = str", {MODULE}),
        ("type A[T] = list[T]", "type A[S] = list[S]", {MODULE}),
        ("def f[T](x: T): 1", "def f[S](x: S): 1", {MODULE}),
        ("def f[T: int](): 1", "def f[T: str](): 1", {MODULE}),
        ("class C[T]: pass", "class C: pass", {MODULE}),
        ("def f[T](): 1", "def f[T](): 2", {"f"}),
        ("class C[T]:\n    def f(self): 1", "class C[T]:\n    def f(self): 2", {"C.f"}),
        ("def f(): 1\ndef g[T: f](): 2", "def g[T: f](): 2\ndef f(): 1", {MODULE}),
        ("x = f'{a['b']}'", "x = f'{a[\"b\"]}'", set()),
    ],
)
def test_type_parameters(before, after, functions):
    assert difference(before, after) == functions


@pytest.mark.parametrize("source", ["def f(:", "x = \0", "(" * 5000, b"# coding: nonsense\n", b"\xff", "x = '\ud800"])
def test_what_does_not_parse_is_taken_as_it_is(source):
    found = fingerprints(source)
    assert found == fingerprints(source)
    assert found != fingerprints(source + (b"#" if isinstance(source, bytes) else "#"))
    assert (found.functions, found.function_at(1)) == ({}, MODULE)


def test_bytes_are_decoded_as_python_does():
    latin, utf8 = "# coding: latin-1\nx = 'é'".encode("latin-1"), "x = 'é'".encode()
    assert fingerprints(latin) == fingerprints(utf8) == fingerprints("x = 'é'")
    assert fingerprints("\ufeffx = 'é'".encode()) == fingerprints(utf8)
    assert fingerprints("# coding: latin-1\nx = 'é'".encode()) != fingerprints(utf8)


@pytest.mark.parametrize("source", ["x = '\\d'", "x = 1is 1", "x = 0x" + "f" * 9000, "x = '\\ud800'", "x = 1e999j"])
def test_odd_constants(source):
    assert fingerprints(source) == fingerprints(source + "  # comment")
    assert fingerprints(source) != fingerprints(source.replace("x", "y", 1))


def test_the_function_at_a_line():
    source = dedent("""\
        import a
        @decorated(
            by=a)
        def f(
            x,
        ):
            return [
                lambda: x]

        class C:
            y = 1
            def g(self): return 1
            def h(self):
                class D:
                    def i(self): pass
                return D
        z = 1
    """)
    found = fingerprints(source)
    assert [found.function_at(line) for line in range(19)] == [
        *["", "", "f", "f", "f", "f", "f", "f", "f"],
        *["", "", "", "C.g", "C.h", "C.h", "C.h", "C.h", "", ""],
    ]


def test_lines_that_only_define_a_function_do_not_execute_it():
    source = dedent("""\
        import a
        @decorated(
            by=a)
        def f(
            x,
        ):
            return [
                lambda: x]
        def text():
            "Nothing else executes, and that where the function begins."
        def g(x=1,
              y=(lambda: 2)()):
            return x
        class C:
            def short(self): return 1
            y = 1
    """)
    found = fingerprints(source)
    assert [found.executed_at(line) for line in range(1, 17)] == [
        *["", "", "", "", "", "", "f", "f", "text", "text"],
        *["", "g", "g", "", "C.short", ""],
    ]


def test_the_first_line_of_a_code_object_finds_its_function():
    source = (
        "@(\n  d)\ndef f(): return lambda: 1\nclass C:\n    def f(self): pass\n    @d\n    async def g(self): pass\n"
    )
    found = fingerprints(source)
    codes = [code for code in nested_code(compile(source, "x.py", "exec")) if code.co_name != "<module>"]
    functions = [(code.co_name, found.function_at(code.co_firstlineno)) for code in codes]
    assert functions == [("f", "f"), ("<lambda>", "f"), ("C", MODULE), ("f", "C.f"), ("g", "C.g")]


def nested_code(code):
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from nested_code(constant)


def sources(*packages):
    """The modules of some packages of the standard library."""
    names = [info.name for p in packages for info in pkgutil.iter_modules(import_module(p).__path__, f"{p}.")]
    specs = [util.find_spec(name) for name in names if not name.endswith("__main__")]
    return [pytest.param(spec.loader.get_source(spec.name), id=spec.name) for spec in specs]


LIBRARY = sources("json", "email", "unittest")


@pytest.mark.parametrize("source", LIBRARY)
def test_comments_and_blank_lines_anywhere_change_nothing(source):
    lines = io.StringIO(source).readlines()
    for row in sorted(logical_lines(source), reverse=True):
        lines.insert(row - 1, "  # a comment\n\n")
    more = fingerprints("".join(lines))
    before = fingerprints(source)
    assert before == more
    assert [name for _, _, name in before.spans] == [name for _, _, name in more.spans]


def logical_lines(source):
    """The rows at which a statement's line begins."""
    begins = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if begins and token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            yield token.start[0]
        if token.type not in (tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            begins = token.type in (tokenize.NEWLINE, tokenize.NL)


@pytest.mark.parametrize("source", LIBRARY)
def test_a_statement_taken_out_of_a_function_changes_that_function(source):
    before = fingerprints(source)
    for function, statement in deletable(ast.parse(source)):
        after = fingerprints(without(source, statement))
        # Without its only yield it is no generator any more.
        yields = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(statement))
        found = changed(before, after) - ({MODULE} if yields else set())
        assert found == {before.function_at(function.lineno)}


def deletable(tree, limit=12):
    """Statements of outermost functions, not the first (what follows might become a docstring), and some only."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    inner = {id(node) for function in functions for node in ast.walk(function) if node is not function}
    outermost = [function for function in functions if id(function) not in inner]
    found = [(function, statement) for function in outermost for statement in function.body[1:]]
    return found[:: len(found) // limit + 1]


def without(source, statement):
    first = min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", []))])
    lines = io.StringIO(source).readlines()
    return "".join([*lines[: first - 1], *lines[statement.end_lineno :]])


class TestRebound:
    """Edits of the module level that only bind names."""

    BEFORE = "import os\nLIMIT = 5\ndef f():\n    return LIMIT\n@register\ndef g(): pass\n"

    def rebound(self, after):
        return rebound(fingerprints(self.BEFORE), fingerprints(after))

    def test_another_literal(self):
        assert self.rebound(self.BEFORE.replace("5", "{'a': [-1, None]}")) == {"LIMIT"}

    def test_a_new_function_and_a_constant_less(self):
        assert self.rebound(self.BEFORE.replace("LIMIT = 5\n", "def h(n: int = 1): pass\n")) == {"LIMIT", "h"}

    def test_another_signature(self):
        assert self.rebound(self.BEFORE.replace("def f()", "def f(n)")) == {"f"}

    def test_only_a_body(self):
        assert self.rebound(self.BEFORE.replace("return LIMIT", "return 1")) is None

    @pytest.mark.parametrize(
        "more", ["import sys", "OTHER = f()", "class C: pass", "@register\ndef h(): pass", "pytestmark = 1", "X.y = 1"]
    )
    def test_whatever_does_more(self, more):
        assert self.rebound(f"{self.BEFORE}{more}\n") is None
