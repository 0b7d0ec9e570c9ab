"""What is executed again after an edit: the changed module and what depends on it, and nothing else.

The projects are drawn: ``test_a -> cart -> pricing`` makes three files, each importing the next. Below
the drawing stands what an edit executes again: ``pricing: cart pricing test_a``. What lies in a package
depends on it: importing the one executes the other first.
"""

import textwrap

import pytest
from harness import WatchSession

DRAWINGS = {
    "a module alone": """
        test_a -> app
        app: app test_a
        test_a: test_a
    """,
    "a chain": """
        test_a -> cart -> pricing
        pricing: cart pricing test_a
        cart: cart test_a
        test_a: test_a
    """,
    "a diamond": """
        test_a -> top
        top -> left -> bottom
        top -> right -> bottom
        bottom: bottom left right test_a top
        left: left test_a top
        right: right test_a top
        top: test_a top
    """,
    "siblings": """
        test_a -> first
        test_a -> second
        test_a -> third
        first: first test_a
        second: second test_a
        third: test_a third
        test_a: test_a
    """,
    "unrelated test files": """
        test_a -> first
        test_b -> second
        test_c -> third
        first: first test_a
        second: second test_b
        third: test_c third
        test_b: test_b
    """,
    "a package that exports": """
        test_a -> shop
        shop -> shop.cart -> shop.money
        shop -> shop.stock
        shop.money: shop shop.cart shop.money shop.stock test_a
        shop.cart: shop shop.cart shop.money shop.stock test_a
        shop.stock: shop shop.stock test_a
        shop: shop shop.cart shop.money shop.stock test_a
        test_a: test_a
    """,
    "a package that exports nothing": """
        test_a -> shop.cart
        test_b -> shop.stock
        shop.cart: shop.cart test_a
        shop.stock: shop.stock test_b
        test_a: test_a
        test_b: test_b
    """,
    "a conftest in between": """
        conftest -> app -> settings
        test_a -> settings
        settings: app conftest settings test_a
        app: app conftest test_a
        conftest: conftest test_a
        test_a: test_a
    """,
    "application code shared by two test files": """
        test_a -> app -> settings
        test_b -> app
        app: app test_a test_b
        settings: app settings test_a test_b
        test_a: test_a
        test_b: test_b
    """,
    "a module first imported by another test file": """
        test_a -> first
        test_a -> both
        test_b -> both
        test_b -> second
        first: first test_a
        both: both test_a test_b
        second: second test_b
        test_a: test_a
        test_b: test_b
    """,
}


class Drawing:
    """Arrows between modules, and what the edit of a module executes again."""

    def __init__(self, text):
        lines = [line.strip() for line in textwrap.dedent(text).strip().splitlines()]
        chains = [line.split(" -> ") for line in lines if "->" in line]
        self.imports = {}
        for chain in chains:
            for name, target in zip(chain, [*chain[1:], None], strict=True):
                targets = self.imports.setdefault(name, [])
                if target is not None and target not in targets:
                    targets.append(target)
        edits = [line.split(": ") for line in lines if "->" not in line]
        self.reexecuted = {name: sorted(names.split()) for name, names in edits}

    def file(self, name):
        is_package = any(other.startswith(f"{name}.") for other in self.imports)
        return name.replace(".", "/") + ("/__init__.py" if is_package else ".py")

    def source(self, name, value=1):
        targets = self.imports[name]
        lines = [f"from {target} import VALUE as value{number}\n" for number, target in enumerate(targets)]
        terms = [str(value), *(f"value{number}" for number in range(len(targets)))]
        lines.append(f"VALUE = {' + '.join(terms)}\n")
        if name.startswith("test_"):
            lines.append("def test_value():\n    assert VALUE > 0\n")
        return "".join(lines)

    def make(self, project):
        for name in self.imports:
            package, _, _ = name.rpartition(".")
            if package and package not in self.imports:
                project.write(f"{package}/__init__.py", "")
            project.write(self.file(name), self.source(name))


def drawn_edits():
    return [(title, name) for title, text in DRAWINGS.items() for name in Drawing(text).reexecuted]


@pytest.mark.parametrize(("title", "name"), drawn_edits())
def test_second_edit_executes_what_changed_and_its_dependents(project, title, name):
    drawing = Drawing(DRAWINGS[title])
    drawing.make(project)
    with WatchSession(project) as session:
        session.step()
        project.write(drawing.file(name), drawing.source(name, 2))
        session.step()
        session.wait_until_idle()  # hoisting is idle work
        project.write(drawing.file(name), drawing.source(name, 3))
        assert session.assert_equal_to_cold().reexecuted == drawing.reexecuted[name]


def test_edits_in_turn_do_not_execute_each_other_s_files(project):
    """What waits before one of them would have to execute it first, and that takes a while."""
    project.apply("""
        --- shop.py
        VALUE = 1
        --- test_a.py
        import time
        time.sleep(0.1)
        def test_a(): assert True
        --- test_b.py
        import shop
        def test_b(): assert shop.VALUE
    """)
    with WatchSession(project) as session:
        session.step()
        for number in range(2, 5):
            project.write("shop.py", f"VALUE = {number}\n")
            module = session.step().reexecuted
            session.wait_until_idle()
            project.replace("test_a.py", "assert True", "assert True, 'still'")
            test = session.step().reexecuted
            session.wait_until_idle()
            project.replace("test_a.py", "assert True, 'still'", f"assert {number}; assert True")
            session.step()
            session.wait_until_idle()
    assert (module, test) == (["shop", "test_b"], ["test_a"])


def test_files_edited_in_turn_that_do_not_know_of_each_other_are_soon_executed_alone(project):
    """On the way to the one a run executes the other, if it continues from what both need."""
    project.apply("""
        --- money.py
        CENT = 1
        --- tax.py
        RATE = 2
        --- shop.py
        VALUE = 1
        --- test_a.py
        import money
        import tax
        import shop
        def test_a(): assert shop.VALUE
        --- test_b.py
        import money
        import tax
        def test_b(): assert tax.RATE
    """)
    executed = []
    with WatchSession(project) as session:
        session.step()
        for number in range(2, 6):
            project.write("shop.py", f"VALUE = {number}\n")
            executed.append(session.step().reexecuted)
            session.wait_until_idle()
            project.replace("test_b.py", "assert", f"assert {number};assert")
            executed.append(session.step().reexecuted)
            session.wait_until_idle()
    assert executed[-4:] == [["shop", "test_a"], ["test_b"]] * 2


def test_what_tests_read_before_a_checkpoint_has_said_that_it_is_there_is_none_of_its_past(project, tmp_path):
    """On a busy machine tests are under way by then; the kernel tells of their reading, but not who reads."""
    project.apply(f"""
        --- conftest.py
        import os, time
        from pytest_reloadwatch.rewind import timeline
        READ, SAID = {str(tmp_path / "read")!r}, {str(tmp_path / "said")!r}
        def wait_for(path):
            while not os.path.exists(path):
                time.sleep(0.01)
        hibernate, wait = timeline.Timeline._hibernate, timeline._Checkpoint.wait
        def late(self, place, *rest):
            if place == "after collection":
                wait_for(READ)
                timeline._Checkpoint.wait = lambda self: open(SAID, "w").close() or wait(self)
            return hibernate(self, place, *rest)
        timeline.Timeline._hibernate = late
        --- data.txt
        1
        --- test_data.py
        import conftest
        def test_data():
            assert open("data.txt").read()
            open(conftest.READ, "w").close()
            conftest.wait_for(conftest.SAID)
    """)
    with WatchSession(project) as session:
        session.step()
        session.wait_until_idle()
        project.write("data.txt", "2\n")
        step = session.assert_equal_to_cold()
        assert (step.ran, step.reexecuted) == (["test_data.py::test_data"], [])


def test_what_tests_read_is_none_of_the_past_of_modules_that_are_hoisted(project):
    """They are imported in idle time, when a run is over that has read it."""
    project.apply("""
        --- data.txt
        1
        --- hot.py
        VALUE = 1
        --- slow.py
        VALUE = 1
        --- test_a.py
        import hot
        import slow
        def test_a():
            assert open("data.txt").read() and hot.VALUE and slow.VALUE
    """)
    with WatchSession(project) as session:
        session.step()
        for number in (2, 3):
            project.write("hot.py", f"VALUE = {number}\n")
            session.step()
            session.wait_until_idle()
        project.write("data.txt", "2\n")
        session.step()
        session.wait_until_idle()
        project.write("hot.py", "VALUE = 4\n")
        assert session.assert_equal_to_cold().reexecuted == ["hot", "test_a"]
