"""Sessions with ``--reload-engine=inplace``: what reloads in place, what takes a fresh process, and who said so."""

import os
import signal
import subprocess
import sys

import pytest
from elsewhere import environment
from harness import Screen, WatchSession, eventually, run_once

ENGINE = "--reload-engine=inplace"
needs_posix = pytest.mark.skipif(os.name == "nt", reason="this is about signals, /proc or a terminal")
SHOP = """
    --- shop/__init__.py
    --- shop/pricing.py
    RATE = 2
    def price(amount):
        return amount * RATE
    --- shop/cart.py
    from shop.pricing import price
    class Cart:
        def total(self, amounts):
            return sum(map(price, amounts))
    --- test_cart.py
    import pytest
    from shop.cart import Cart
    @pytest.fixture
    def cart():
        return Cart()
    def test_total(cart):
        assert cart.total([1, 2]) == 6
    --- test_other.py
    def test_other():
        pass
"""
PRICING = ["shop.cart", "shop.pricing", "test_cart"]
# A project, an edit, and exactly what executes again.
PLAIN = {
    "function body": (SHOP, "--- shop/pricing.py: amount * RATE => amount * 3", PRICING),
    "new function": (SHOP, "--- shop/pricing.py: RATE = 2 => RATE = 3; half = lambda amount: amount / 2", PRICING),
    "constant": (SHOP, "--- shop/pricing.py: RATE = 2 => RATE = 3", PRICING),
    "from-import": (
        SHOP,
        "--- shop/cart.py: from shop.pricing import price => from shop.pricing import RATE as price",
        ["shop.cart", "test_cart"],
    ),
    "class method": (SHOP, "--- shop/cart.py: return sum => return 1 + sum", ["shop.cart", "test_cart"]),
    "deleted name": (SHOP, "--- shop/pricing.py: RATE = 2 => OTHER = 2", PRICING),
    "test": (SHOP, "--- test_cart.py: == 6 => == 7", ["test_cart"]),
    "circular import": (
        """
        --- a.py
        import b
        NAME = "a"
        def both():
            return NAME + b.NAME
        --- b.py
        import a
        NAME = "b"
        --- test_both.py
        import a
        def test_both():
            assert a.both() == "ab"
        """,
        '--- b.py: NAME = "b" => NAME = "c"',
        ["a", "b", "test_both"],
    ),
    "conftest": (
        """
        --- conftest.py
        import pytest
        @pytest.fixture
        def answer():
            return 42
        --- test_answer.py
        def test_answer(answer):
            assert answer == 42
        """,
        "--- conftest.py: 42 => 43",
        ["conftest"],
    ),
}
# A project, an edit, and the reason that the session has to give for not reloading in place.
SPARE = {
    "a registry that holds a function": (
        """
        --- registry.py
        HANDLERS = {}
        --- plugin.py
        def work():
            return 1
        --- fill.py
        import plugin
        import registry
        def fill():
            registry.HANDLERS["work"] = plugin.work
        --- test_fill.py
        import fill
        import registry
        def test_work():
            fill.fill()
            assert registry.HANDLERS["work"]() == 1
        """,
        "--- plugin.py: return 1 => return 2",
        "registry.HANDLERS",
    ),
    "a patch that is left behind": (
        """
        --- app.py
        def value():
            return 1
        --- test_app.py
        import string
        import app
        def test_value():
            string.digits = "01"
            assert app.value() == 1
        """,
        "--- app.py: return 1 => return 2",
        "string.digits",
    ),
    "a call at import": (
        """
        --- app.py
        import os
        os.environ["APP"] = "1"
        def value():
            return 1
        --- test_app.py
        import app
        def test_value():
            assert app.value() == 1
        """,
        "--- app.py: return 1 => return 2",
        "app ",
    ),
    "a decorator that keeps what it decorates": (
        """
        --- registry.py
        KEPT = []
        def cache(function):
            KEPT.append(function)
            return function
        --- app.py
        from registry import cache
        @cache
        def value():
            return 1
        --- test_app.py
        import app
        from registry import KEPT
        def test_value():
            assert [function() for function in KEPT] == [1]
        """,
        "--- app.py: return 1 => return 2",
        "registry.KEPT",
    ),
    "a thread that goes on": (
        """
        --- app.py
        def value():
            return 1
        --- test_app.py
        import threading
        import app
        def test_value():
            threading.Thread(target=threading.Event().wait, daemon=True).start()
            assert app.value() == 1
        """,
        "--- app.py: return 1 => return 2",
        "thread",
    ),
}


@pytest.fixture
def shop(project):
    project.apply(SHOP)
    return project


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_kinds_reload_in_place(project, kind):
    start, edit, reexecuted = PLAIN[kind]
    project.apply(start)
    with WatchSession(project, ENGINE) as session:
        before = session.assert_equal_to_cold().outcomes
        project.apply(edit)
        step = session.assert_equal_to_cold()
        assert step.outcomes != before
        assert step.reexecuted == reexecuted
        assert "reloaded in place: " in session.output()
        assert "a fresh process" not in session.output()


@pytest.mark.parametrize("kind", SPARE)
def test_what_is_not_plain_takes_a_fresh_process_and_says_why(project, kind):
    start, edit, reason = SPARE[kind]
    project.apply(start)
    with WatchSession(project, ENGINE) as session:
        before = session.assert_equal_to_cold().outcomes
        project.apply(edit)
        assert session.assert_equal_to_cold().outcomes != before
        session.wait_for_output("reloadwatch: a fresh process: ")
        assert reason in session.output().partition("a fresh process: ")[2].partition("\n")[0]
        assert "reloaded in place" not in session.output()


def test_what_tests_do_to_the_process_is_put_back(project):
    project.apply("""
        --- app.py
        VALUE = 1
        --- test_app.py
        import logging, os, random, sys
        import app
        def test_finds_all_as_it_was():
            found = ("LEFT" in os.environ, "left" in sys.path, logging.root.level, os.path.basename(os.getcwd()))
            os.environ["LEFT"] = "1"
            sys.path.append("left")
            logging.root.setLevel(5)
            os.chdir("/")
            assert (*found, app.VALUE) == (False, False, logging.WARNING, "project", 1)
        """)
    with WatchSession(project, ENGINE) as session:
        session.assert_equal_to_cold()
        project.apply("--- app.py: 1 => 2")
        session.assert_equal_to_cold()
        project.apply("--- app.py: 2 => 1.0")
        assert session.assert_equal_to_cold().exit_code == 0
        assert session.output().count("reloaded in place") == 2


def test_an_event_loop_that_is_gone_is_not_left_to_the_next_run(project):
    project.apply("""
        --- app.py
        VALUE = 1
        --- test_app.py
        import asyncio
        import app
        async def value():
            return app.VALUE
        def test_first():
            asyncio.get_event_loop_policy().get_event_loop().close()
        def test_second():
            assert asyncio.run(value()) == 1
        """)
    project.write("pytest.ini", "[pytest]\nfilterwarnings = ignore\n")
    with WatchSession(project, ENGINE) as session:
        session.assert_equal_to_cold()
        project.apply("--- app.py: 1 => 1.0")
        assert session.assert_equal_to_cold().exit_code == 0
        assert "reloaded in place" in session.output()


def test_a_conftest_that_is_put_aside_takes_a_fresh_process(project):
    project.apply("""
        --- value.py
        VALUE = 1
        --- conftest.py
        import pytest
        --- one/conftest.py
        import pytest
        from value import VALUE
        @pytest.fixture
        def value():
            return VALUE
        --- one/test_one.py
        def test_one(value):
            assert value == 1
        --- two/conftest.py
        OTHER = 1
        --- two/test_two.py
        def test_two():
            pass
        """)
    with WatchSession(project, ENGINE) as session:
        session.assert_equal_to_cold()
        project.apply("--- value.py: 1 => 2")
        assert session.assert_equal_to_cold().exit_code == 1
        assert "one/conftest.py cannot be executed again by its name" in session.output()


def test_nothing_is_executed_again_for_data_that_a_test_reads(project):
    project.apply("""
        --- data.txt
        1
        --- test_data.py
        def test_data():
            with open("data.txt", encoding="utf-8") as file:
                assert file.read() == "1\\n"
        """)
    with WatchSession(project, ENGINE) as session:
        session.assert_equal_to_cold()
        project.apply("--- data.txt: 1 => 2")
        step = session.assert_equal_to_cold()
        assert (step.exit_code, step.reexecuted) == (1, [])
        assert "in the same process" in session.output()


def test_a_proof_from_a_warm_process_rests_on_what_its_modules_had_read(project):
    project.apply("""
        --- data.txt
        1
        --- app.py
        from pathlib import Path
        NAME = Path(__file__).with_name("data.txt")
        TEXT = NAME.read_text(encoding="utf-8")
        --- test_app.py
        import app
        def test_text():
            assert app.TEXT
        """)
    with WatchSession(project, ENGINE) as session:
        session.assert_equal_to_cold()
        project.apply("--- test_app.py: assert app.TEXT => assert app.TEXT != '2\\n'")
        assert session.assert_equal_to_cold().reexecuted == ["test_app"]
        project.apply("--- data.txt: 1 => 2")
        assert session.assert_equal_to_cold().exit_code == 1


class TestFaults:
    @pytest.mark.parametrize(
        "edit",
        [
            "--- shop/pricing.py: RATE = 2 => RATE =",
            "--- shop/pricing.py: RATE = 2 => RATE = 1 / 0",
            "--- shop/pricing.py: RATE = 2 => import no_such_module",
            "--- test_cart.py: import pytest => import pytest, no_such_module",
            "--- shop/pricing.py: RATE = 2 => import os; os._exit(3)",
            "--- shop/pricing.py: return amount * RATE => raise SystemExit(3)",
        ],
    )
    def test_a_broken_source_and_its_mending(self, shop, edit):
        at_first = shop.files()
        with WatchSession(shop, ENGINE) as session:
            session.assert_equal_to_cold()
            shop.apply(edit)
            if "_exit" not in edit:  # which no cold run survives
                session.assert_equal_to_cold()
            session.step()
            shop.restore(at_first)
            session.assert_equal_to_cold()
            shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
            session.assert_equal_to_cold()

    def test_a_broken_conftest_and_its_mending(self, shop):
        shop.write("conftest.py", "VALUE = 1\n")
        with WatchSession(shop, ENGINE) as session:
            session.assert_equal_to_cold()
            shop.write("conftest.py", "VALUE =\n")
            session.wait_for_output("conftest.py cannot be imported")
            shop.write("conftest.py", "VALUE = 2\n")
            assert session.assert_equal_to_cold().exit_code == 0

    def test_a_test_that_ends_the_process(self, shop):
        shop.write("test_exit.py", "import os\ndef test_exit():\n    os._exit(7)\n")
        with WatchSession(shop, ENGINE) as session:
            step = session.step()
            assert step.outcomes["test_exit.py::test_exit"] == "error"
            assert step.outcomes["test_cart.py::test_total"] == "passed"
            assert "ended with exit code 7" in session.output()

    def test_an_endless_loop_makes_room_for_an_edit(self, shop):
        shop.write("test_loop.py", "import sys\ndef test_loop():\n    while True:\n        pass\n")
        with WatchSession(shop, ENGINE) as session:
            session.wait_for_event("run_started")
            shop.write("test_loop.py", "def test_loop():\n    pass\n")
            assert session.assert_equal_to_cold().exit_code == 0

    @needs_posix
    @pytest.mark.parametrize("is_in_a_test", [False, True])
    def test_nothing_outlives_a_controller_that_is_killed(self, shop, is_in_a_test):
        if is_in_a_test:
            shop.write("test_wait.py", "import time\ndef test_wait():\n    time.sleep(1000)\n")
        with WatchSession(shop, ENGINE) as session:
            if is_in_a_test:
                session.wait_for_event("run_started")
            else:
                session.step()
            os.kill(session.process.pid, signal.SIGKILL)
            session.process.wait()
            session.wait_until_nothing_remains()

    @needs_posix
    def test_a_spare_that_has_only_begun_to_start_ends_too(self, shop):
        shop.write("slow.py", "import os, time\nif os.path.exists('has_run'):\n    time.sleep(1000)\n")
        shop.write("test_run.py", "def test_run():\n    open('has_run', 'w').close()\n")
        with WatchSession(shop, ENGINE, "-p", "slow") as session:
            session.wait_for_event("settled")
            eventually("a spare", lambda: len(session.checkpoints()) == 2)
            session.process.kill()
            session.process.wait()
            session.wait_until_nothing_remains()

    @needs_posix
    def test_workers_that_are_killed_are_replaced(self, shop):
        with WatchSession(shop, ENGINE) as session:
            session.step()
            eventually("a spare", lambda: len(session.checkpoints()) == 2)
            for pid in session.checkpoints():
                os.kill(pid, signal.SIGKILL)
            shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
            assert session.assert_equal_to_cold().exit_code == 1

    @needs_posix
    def test_a_worker_that_is_killed_in_a_test(self, shop):
        shop.write("test_kill.py", "import os\ndef test_kill():\n    os.kill(os.getpid(), 9)\n")
        with WatchSession(shop, ENGINE) as session:
            assert session.step().outcomes["test_kill.py::test_kill"] == "error"
            assert "killed by SIGKILL" in session.output()


class TestInterface:
    def test_once(self, shop):
        session = run_once(shop, ENGINE)
        assert session.process.returncode == 0
        assert run_once(shop, ENGINE).process.returncode == 0
        shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
        assert run_once(shop, ENGINE).process.returncode == 1

    def test_a_wrong_command_line_ends_with_4(self, shop):
        with WatchSession(shop, ENGINE, "no_such_file.py") as session:
            assert session.wait_for_end() == 4
            assert "no_such_file.py" in session.output()

    def test_status_and_why(self, shop):
        with WatchSession(shop, ENGINE) as session:
            session.step()
            shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
            [selected] = session.step().of("selected")
            assert session.status()["settled"] is True
            assert "shop.pricing" in selected["affected"]["test_cart.py::test_total"]

    def test_select_direct(self, shop):
        with WatchSession(shop, ENGINE, "--reload-select=direct") as session:
            session.step()
            shop.apply("--- shop/pricing.py: amount * RATE => amount * 3")
            assert session.settled_step().ran == ["test_cart.py::test_total"]

    @needs_posix
    def test_keys_and_ctrl_c(self, shop):
        with Screen(shop, ENGINE) as screen:
            screen.see("waiting for changes")
            screen.press("a")
            screen.see("2 passed")
            screen.see("all 2 tests proven")
            screen.press("\x03")
            assert screen.wait_for_end() == 0

    @needs_posix
    def test_ctrl_c_ends_the_run_and_the_session_goes_on(self, shop):
        shop.write("test_wait.py", "import time\ndef test_wait():\n    time.sleep(1000)\n")
        with Screen(shop, ENGINE) as screen:
            screen.see("test_wait.py")
            screen.press("\x03")
            screen.see("interrupted; ")
            shop.write("test_wait.py", "def test_wait():\n    pass\n")
            screen.see("all 3 tests proven")
            screen.press("q")
            assert screen.wait_for_end() == 0

    @needs_posix
    def test_pdb_edit_and_go_on(self, shop):
        shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
        with Screen(shop, ENGINE, "--pdb") as screen:
            screen.see("(Pdb)")
            screen.press("amounts = 1\n")
            screen.see("(Pdb)")
            shop.apply("--- shop/pricing.py: RATE = 3 => RATE = 2")
            screen.press("c\n")
            screen.see("all 2 tests proven")


@needs_posix
class TestElsewhere:
    """Without fork, termios, fcntl, Unix sockets and the signals of POSIX: as far as that shows here, as on Windows."""

    @pytest.fixture
    def elsewhere(self, tmp_path):
        return environment(tmp_path / "elsewhere")

    def test_what_is_taken_away_is_gone(self, elsewhere):
        check = "import os, socket, signal; print(hasattr(os, 'fork'), hasattr(socket, 'AF_UNIX'))"
        command = [sys.executable, "-c", check]
        done = subprocess.run(command, env={**os.environ, **elsewhere}, capture_output=True, text=True, check=True)
        assert done.stdout == "False False\n"

    def test_a_whole_session(self, shop, elsewhere):
        with WatchSession(shop, environment=elsewhere) as session:
            session.step()
            shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
            step = session.assert_equal_to_cold()
            assert (step.exit_code, step.reexecuted) == (1, PRICING)
            shop.apply("--- shop/cart.py: import price => import price; import os; os.environ['CART'] = '1'")
            session.assert_equal_to_cold()
            shop.apply("--- shop/cart.py: '1' => '2'")
            session.assert_equal_to_cold()
            assert "reloaded in place: shop.pricing" in session.output()
            assert "a fresh process: shop.cart" in session.output()
            assert session.status()["settled"] is True

    def test_once(self, shop, elsewhere):
        assert run_once(shop, environment=elsewhere).process.returncode == 0

    def test_rewind_cannot_be_had(self, shop, elsewhere):
        session = run_once(shop, "--reload-engine=rewind", environment=elsewhere)
        assert session.process.returncode == 4
        assert "no os.fork" in session.output()

    def test_polling(self, shop, elsewhere):
        with WatchSession(shop, "--reload-poll", environment=elsewhere) as session:
            session.step()
            shop.apply("--- shop/pricing.py: RATE = 2 => RATE = 3")
            assert session.settled_step().exit_code == 1

    def test_nothing_outlives_a_controller_that_is_killed_in_a_test(self, shop, elsewhere):
        shop.write("test_wait.py", "import time\ndef test_wait():\n    time.sleep(1000)\n")
        with WatchSession(shop, environment=elsewhere) as session:
            session.wait_for_event("run_started")
            os.kill(session.process.pid, signal.SIGKILL)
            session.process.wait()
            session.wait_until_nothing_remains()
