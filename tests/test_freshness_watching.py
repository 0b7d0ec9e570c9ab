"""The freshness fixtures in a watch session: what a run has executed and kept, and how often in all its runs."""

import json

from harness import WatchSession

PROJECT = """
--- shop/__init__.py
--- shop/stock.py
ITEMS = 1
--- shop/pricing.py
RATE = 1
--- test_shop.py
import json, pathlib
import shop.stock, shop.pricing

def test_tell(module_freshness):
    found = {one: module_freshness.status(one) for one in ("shop.stock", "shop.pricing", "test_shop")}
    told = {name: [one.state, one.generation, one.why] for name, one in found.items()}
    (pathlib.Path(__file__).parents[1] / "told.json").write_text(json.dumps(told))
    module_freshness.assert_fresh(*found)
    module_freshness.assert_same_object("shop.pricing")
"""


def told(project):
    return json.loads((project.root.parent / "told.json").read_text(encoding="utf-8"))


def edit(project, session, rate):
    """Save another rate; the first time the session learns that this file is edited, from then on the rest is kept."""
    session.wait_until_idle()
    project.replace("shop/pricing.py", f"RATE = {rate - 1}", f"RATE = {rate}")
    return session.step()


def test_generations_count_all_runs_of_a_session(project):
    project.apply(PROJECT)
    with WatchSession(project) as session:
        session.step()
        assert told(project)["shop.pricing"] == ["fresh", 1, "executed in run 1 of the session"]
        edit(project, session, 2)
        stock, pricing = told(project)["shop.stock"], told(project)["shop.pricing"]
        assert pricing == ["fresh", 2, "executed in run 2 of the session, after a change of shop/pricing.py"]
        assert edit(project, session, 3).reexecuted == ["shop.pricing", "test_shop"]
        assert told(project)["shop.pricing"][:2] == ["fresh", 3]
        assert told(project)["test_shop"][:2] == ["fresh", 3]
        assert told(project)["shop.stock"] == [*stock[:2], f"{stock[2]}, and kept since: run 3 is under way"]


def test_a_reload_in_place_is_an_execution_of_its_run(project):
    project.apply(PROJECT)
    with WatchSession(project, "--reload-engine=inplace") as session:
        session.step()
        assert told(project)["shop.pricing"] == ["fresh", 1, "executed in run 1 of the session"]
        project.replace("shop/pricing.py", "RATE = 1", "RATE = 2")
        assert session.step().reexecuted == ["shop.pricing", "test_shop"]
        session.wait_for_output("reloaded in place: shop.pricing")
        assert told(project)["shop.pricing"] == [
            "fresh", 2, "executed in run 2 of the session, after a change of shop/pricing.py"
        ]  # fmt: skip
        assert told(project)["test_shop"][:2] == ["fresh", 2]
        kept = "executed in run 1 of the session, and kept since: run 2 is under way"
        assert told(project)["shop.stock"] == ["fresh", 1, kept]


def test_what_comes_from_an_older_checkpoint_has_its_own_generation(project):
    """An undone edit goes back to a process in which the edited module is the first one."""
    project.apply(PROJECT)
    with WatchSession(project) as session:
        session.step()
        for rate in (2, 3):
            edit(project, session, rate)
        project.replace("shop/pricing.py", "RATE = 3", "RATE = 1")
        project.write("test_shop.py", project.path("test_shop.py").read_text(encoding="utf-8") + "\nX = 1\n")
        session.step()
        state, generation, why = told(project)["shop.pricing"]
        assert (state, generation) in {("fresh", 1), ("fresh", 4)}
        assert why.startswith("executed in run 1 " if generation == 1 else "executed in run 4 ")


def test_assertions_about_the_run(project):
    project.apply(PROJECT)
    project.write(
        "test_about.py",
        "import shop.pricing, shop.stock\n"
        "def test_kept(module_freshness):\n"
        "    module_freshness.assert_kept('shop.stock')\n"
        "def test_executed(module_freshness):\n"
        "    module_freshness.assert_reexecuted('shop.pricing', __name__)\n",
    )
    with WatchSession(project) as session:
        first = session.step()
        assert first.outcomes["test_about.py::test_kept"] == "failed"
        assert first.outcomes["test_about.py::test_executed"] == "passed"
        session.wait_for_output(
            "shop.stock was executed by run 1, which is under way: executed in run 1 of the session"
        )
        edit(project, session, 2)
        assert edit(project, session, 3).exit_code == 0


def test_the_guard_watches_in_a_session_too(project):
    project.apply(PROJECT)
    project.write("test_bad.py", "import sys\nimport shop.stock\ndef test_bad(): del sys.modules['shop.stock']\n")
    with WatchSession(project, "--reload-guard=error") as session:
        assert session.step().outcomes["test_bad.py::test_bad"] == "error"
        session.wait_for_output("test_bad.py::test_bad removed shop.stock from sys.modules")
        project.replace("test_bad.py", "del sys.modules['shop.stock']", "pass")
        assert session.step().exit_code == 0
