"""What may be imported ahead of a hot module: recorded imports as rows, sources as text."""

from pytest_reloadwatch.graph.inert import extent
from pytest_reloadwatch.rewind.hoisting import ImportSeen, plan


def seen(*rows):
    """Rows of name, importer and line; names of first-party modules end in .py."""
    return [
        ImportSeen(name.removesuffix(".py"), name if name.endswith(".py") else "", importer, line, f"at {name}")
        for name, importer, line in rows
    ]


def planned(rows, hot, dependents=(), **sources):
    texts = {name.replace("_py", ".py"): text for name, text in sources.items()}
    made = plan(seen(*rows), hot, frozenset(dependents), lambda path: extent(texts.get(path, "")))
    return list(made.names)


def test_imports_at_the_head_of_a_test_file():
    rows = [("t.py", "", 0), ("app.py", "t.py", 1), ("json", "app.py", 1), ("lib", "t.py", 2)]
    assert planned(rows, "t.py", t_py="import app\nimport lib\ndef test(): pass") == ["app", "lib"]


def test_nothing_behind_code_that_may_matter():
    rows = [("t.py", "", 0), ("app.py", "t.py", 1), ("lib", "t.py", 3)]
    assert planned(rows, "t.py", t_py="import app\napp.configure()\nimport lib") == ["app"]


def test_what_came_before_stays_where_it_is():
    rows = [("early", "conftest.py", 1), ("t.py", "", 0), ("app.py", "t.py", 1)]
    assert planned(rows, "t.py", t_py="import app", conftest_py="import early") == ["app"]


def test_dependents_are_executed_not_hoisted():
    rows = [
        ("t.py", "", 0),
        ("app.py", "t.py", 1),
        ("hot.py", "app.py", 1),
        ("lib", "hot.py", 1),
        ("util.py", "app.py", 2),
    ]
    sources = {"t_py": "import app", "app_py": "import hot\nimport util", "hot_py": "import lib\nX = 1"}
    assert planned(rows, "hot.py", ["app.py", "t.py"], **sources) == ["lib", "util"]


def test_a_hot_module_that_registers_holds_first_party_back_but_not_third():
    rows = [
        ("t.py", "", 0),
        ("app.py", "t.py", 1),
        ("hot.py", "app.py", 1),
        ("util.py", "app.py", 2),
        ("lib", "app.py", 3),
    ]
    sources = {
        "t_py": "import app",
        "app_py": "import hot\nimport util\nimport lib",
        "hot_py": "@registry.add\ndef f(): pass",
    }
    assert planned(rows, "hot.py", ["app.py", "t.py"], **sources) == []
    rows.pop(3)
    assert planned(rows, "hot.py", ["app.py", "t.py"], **sources) == ["lib"]


def test_a_hot_module_that_patches_holds_everything_back():
    rows = [("t.py", "", 0), ("hot.py", "t.py", 1), ("lib", "t.py", 2)]
    assert planned(rows, "hot.py", ["t.py"], t_py="import hot\nimport lib", hot_py="import x\nx.y = 1") == []
