"""Names resolved to files, and what files rest on through them; trees are drawn as lists of paths."""

import os
from pathlib import Path

import pytest

from pytest_reloadwatch.graph.closure import ImportGraph
from pytest_reloadwatch.graph.imports import source_imports
from pytest_reloadwatch.graph.names import Resolver


@pytest.fixture
def tree(tmp_path):
    class Tree:
        root = str(tmp_path)

        def write(self, **sources):
            for name, source in sources.items():
                path = tmp_path / name.replace("__", "/").replace("INIT", "__init__").replace("_py", ".py")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(source)
            return self

        def graph(self, *roots):
            graph = ImportGraph(lambda path: source_imports(Path(path).read_text() if os.path.exists(path) else ""))
            graph.set_roots([os.path.join(self.root, root) if root else self.root for root in roots or ("",)])
            return graph

        def path(self, name):
            return os.path.join(self.root, name)

        def reached(self, start, graph=None):
            found = (graph or self.graph()).closure([self.path(start)])
            return {os.path.relpath(path, self.root) for path in found if os.path.exists(path)}

        def absent(self, start, graph=None):
            found = (graph or self.graph()).closure([self.path(start)])
            return {os.path.relpath(path, self.root) for path in found if not os.path.exists(path)}

    return Tree()


def test_through_several_files(tree):
    tree.write(a_py="import b", b_py="import c", c_py="", d_py="")
    assert tree.reached("a.py") == {"a.py", "b.py", "c.py"}


def test_a_cycle_ends(tree):
    tree.write(a_py="import b", b_py="import a")
    assert tree.reached("a.py") == {"a.py", "b.py"}


def test_parents_are_implied(tree):
    tree.write(a_py="import p.q.m", p__INIT_py="", p__q__INIT_py="import x", p__q__m_py="", x_py="")
    assert tree.reached("a.py") == {"a.py", "p/__init__.py", "p/q/__init__.py", "p/q/m.py", "x.py"}


def test_a_file_in_a_package_rests_on_its_packages(tree):
    tree.write(p__INIT_py="import x", p__m_py="", x_py="")
    assert tree.reached("p/m.py") == {"p/m.py", "p/__init__.py", "x.py"}


def test_a_name_may_be_a_submodule(tree):
    tree.write(a_py="from p import m, something", p__INIT_py="", p__m_py="")
    assert tree.reached("a.py") == {"a.py", "p/__init__.py", "p/m.py"}


def test_reexports_lead_on(tree):
    tree.write(a_py="from p import f", p__INIT_py="from .m import f", p__m_py="from ..q import g", q_py="")
    assert tree.reached("a.py") >= {"a.py", "p/__init__.py", "p/m.py"}


def test_relative_imports_go_up(tree):
    tree.write(p__INIT_py="", p__q__INIT_py="", p__q__a_py="from ..m import f", p__m_py="")
    assert "p/m.py" in tree.reached("p/q/a.py")


def test_namespace_packages_have_no_init_yet(tree):
    tree.write(a_py="import n.m", n__m_py="")
    assert tree.reached("a.py") == {"a.py", "n", "n/m.py"}
    assert "n/__init__.py" in tree.absent("a.py")


def test_another_part_of_a_namespace_package_is_awaited(tree):
    tree.write(one__n__m_py="", two__a_py="import n", two__p_py="")
    graph = tree.graph("one", "two")
    assert "one/n" in tree.reached("two/a.py", graph)
    assert "two/n" in tree.absent("two/a.py", graph)
    assert "one/p" not in tree.absent("two/a.py", graph)


def test_a_file_that_would_come_first_is_awaited(tree):
    tree.write(one__x_py="", two__a_py="import b", two__b_py="")
    assert {"one/b.py", "one/b/__init__.py"} <= tree.absent("two/a.py", tree.graph("one", "two"))


def test_a_name_found_nowhere_is_awaited(tree):
    tree.write(a_py="try:\n    import fast\nexcept ImportError:\n    fast = None")
    assert {"fast.py", "fast/__init__.py"} <= tree.absent("a.py")


def test_what_runs_have_seen_counts_until_the_file_changes(tree):
    tree.write(a_py="", b_py="")
    graph = tree.graph()
    graph.add_edge(tree.path("a.py"), tree.path("b.py"))
    assert tree.reached("a.py", graph) == {"a.py", "b.py"}
    graph.turn(tree.path("a.py"), "new")
    assert tree.reached("a.py", graph) == {"a.py"}


def test_what_runs_have_seen_counts_again_when_the_file_is_as_it_was(tree):
    tree.write(a_py="", b_py="")
    graph, path = tree.graph(), tree.path("a.py")
    graph.add_edge(path, tree.path("b.py"))
    graph.note_state(path, "first")
    graph.turn(path, "commented", is_same_code=True)
    for state in "first", "commented":
        graph.turn(path, "second")
        assert tree.reached("a.py", graph) == {"a.py"}
        graph.turn(path, state)
        assert tree.reached("a.py", graph) == {"a.py", "b.py"}


def test_dependents_are_the_way_back(tree):
    tree.write(a_py="import b", b_py="import c", c_py="", d_py="")
    files = [tree.path(name) for name in ("a.py", "b.py", "c.py", "d.py")]
    assert tree.graph().dependents([files[2]], files) == set(files[:3])


def test_names_lead_elsewhere_after_files_came(tree):
    tree.write(a_py="import b", b_py="")
    graph = tree.graph()
    assert tree.reached("a.py", graph) == {"a.py", "b.py"}
    tree.write(b__INIT_py="")
    graph.forget_resolutions()
    assert tree.reached("a.py", graph) == {"a.py", "b/__init__.py"}


def test_a_module_loaded_from_where_no_root_leads_is_found_by_its_importers(tree):
    tree.write(a_py="import b", c_py="import a", d_py="x = 'e.y'", elsewhere__b_py="import e", elsewhere__e_py="")
    graph = tree.graph()
    assert tree.reached("c.py", graph) == {"c.py", "a.py"}
    graph.add_module("b", tree.path("elsewhere/b.py"))
    assert tree.reached("c.py", graph) == {"c.py", "a.py", "elsewhere/b.py"}
    assert tree.reached("d.py", graph) == {"d.py"}
    graph.add_module("e", tree.path("elsewhere/e.py"))
    assert tree.reached("c.py", graph) == {"c.py", "a.py", "elsewhere/b.py", "elsewhere/e.py"}
    assert tree.reached("d.py", graph) == {"d.py", "elsewhere/e.py"}


def test_what_a_name_leads_to_by_itself_is_no_news(tree):
    tree.write(a_py="import p", p__INIT_py="")
    graph = tree.graph()
    closure = graph.closure([tree.path("a.py")])
    graph.add_module("p", tree.path("p/__init__.py"))
    graph.add_module("other", tree.path("other/other.py"))
    assert graph.closure([tree.path("a.py")]) is closure


def test_a_file_at_the_root_of_the_file_system_lies_in_no_packages_without_end():
    root = os.path.abspath(os.sep)
    above = Resolver((), {}).packages(os.path.join(root, "conftest.py"))
    assert above == {os.path.join(root, "__init__.py")}
    assert Resolver((), {}).packages(*above) == set()
