"""Code that executes for an owner is reported for it, at the level of functions, whatever recorded it before."""

import subprocess
import sys
import threading

import pytest

from pytest_reloadwatch.record.executed import make_watcher


def outer():
    return inner()


def inner():
    return [square(n) for n in range(2)]


def square(n):
    return n * n


def numbers():
    yield square(1)
    yield inner()


def names(watcher, executed):
    """Without comprehensions, which are functions of their own before Python 3.12."""
    found = {watcher.codes[number][2] for number in executed}
    return {name for name in found if not name.startswith("<")} - {"names", "of", "begin"}


@pytest.fixture
def watcher():
    found = make_watcher(lambda filename: filename == __file__)
    if problem := found.obstacle():
        pytest.skip(problem)  # a session of ours may run these tests, and has the place
    found.start()
    yield found
    found.stop()


def of(watcher, *calls):
    begin(watcher)
    try:
        for call in calls:
            call()
    finally:
        found = watcher.end()
    return names(watcher, found)


def begin(watcher):
    watcher.begin()
    watcher.resume()


def test_what_was_called_is_there(watcher):
    assert of(watcher, outer) == {"outer", "inner", "square"}


def test_each_owner_has_its_own(watcher):
    assert of(watcher, outer) == {"outer", "inner", "square"}
    assert of(watcher, lambda: square(1)) == {"square"}
    assert of(watcher, outer) == {"outer", "inner", "square"}
    assert of(watcher) == set()


def test_what_ran_for_nobody_counts_for_nobody(watcher):
    outer()
    assert of(watcher, lambda: square(1)) == {"square"}


def test_inner_owners_count_for_outer_ones(watcher):
    begin(watcher)
    square(1)
    assert of(watcher, inner) == {"inner", "square"}
    assert names(watcher, watcher.end()) == {"inner", "square"}


def test_what_the_outer_one_does_after_the_inner_one_counts(watcher):
    begin(watcher)
    assert of(watcher, inner) == {"inner", "square"}
    outer()
    assert names(watcher, watcher.end()) == {"outer", "inner", "square"}


def test_a_generator_resumed_counts_for_who_resumes_it(watcher):
    started = numbers()
    assert of(watcher, lambda: next(started)) == {"numbers", "square"}
    assert of(watcher, lambda: next(started)) == {"numbers", "inner", "square"}


def test_threads_count(watcher):
    def in_thread():
        thread = threading.Thread(target=outer)
        thread.start()
        thread.join()

    assert of(watcher, in_thread) == {"in_thread", "outer", "inner", "square"}
    assert of(watcher, lambda: None) == set()


def test_a_thread_that_outlives_its_owner_counts_for_the_next(watcher):
    go, done = threading.Event(), threading.Event()

    def work():
        go.wait()
        square(1)
        done.set()

    thread = threading.Thread(target=work)
    assert "work" in of(watcher, thread.start)
    try:
        assert "square" in of(watcher, go.set, done.wait)
    finally:
        go.set()
        thread.join()


def test_only_what_is_wanted(watcher):
    begin(watcher)
    "".join(sorted(["a"], key=str.upper))
    threading.Lock()
    assert {watcher.codes[number][0] for number in watcher.end()} <= {__file__}


def test_lines_are_those_of_the_definition(watcher):
    begin(watcher)
    square(1)
    lines = {watcher.codes[number][2]: watcher.codes[number][1] for number in watcher.end()}
    assert lines["square"] == square.__code__.co_firstlineno


def test_another_watcher_can_follow():
    for _ in range(2):
        watcher = make_watcher(lambda filename: filename == __file__)
        if problem := watcher.obstacle():
            pytest.skip(problem)  # as above
        watcher.start()
        assert of(watcher, outer) == {"outer", "inner", "square"}
        watcher.stop()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there it is no profiler")
class TestProfiler:
    def test_the_place_of_another_is_an_obstacle(self):
        sys.setprofile(lambda *_: None)
        try:
            assert make_watcher(bool).obstacle() == "another profiler is active"
        finally:
            sys.setprofile(None)

    def test_where_a_test_takes_its_place_nothing_is_known(self, watcher):
        begin(watcher)
        sys.setprofile(None)
        assert watcher.end() is None
        assert of(watcher, outer) == {"outer", "inner", "square"}

    def test_a_test_that_puts_it_back_is_told_apart(self, watcher):
        begin(watcher)
        before = sys.getprofile()
        sys.setprofile(None)
        sys.setprofile(before)
        square(1)
        assert watcher.end() is None

    def test_the_profiler_of_somebody_else_is_left_alone(self, watcher):
        def other(*_):
            pass

        begin(watcher)
        sys.setprofile(other)
        watcher.end()
        assert sys.getprofile() is other
        sys.setprofile(None)

    def test_no_thread_dies_where_many_start_while_an_audit_hook_listens(self, tmp_path):
        """Python refuses a thread that puts a profiler in while the hook is told of another one, unless it waits."""
        script = tmp_path / "script.py"
        script.write_text(MANY_THREADS)
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout, done.stderr) == ("50 work\n", "")


MANY_THREADS = """
import sys
import threading
import time
from pytest_reloadwatch.record.executed import ProfilerWatcher
sys.addaudithook(lambda event, arguments: time.sleep(0.001) if event == "sys.setprofile" else None)
ended = []
def work():
    ended.append(sum(range(1000)))
watcher = ProfilerWatcher(lambda filename: filename == __file__)
watcher.start()
watcher.begin()
watcher.resume()
threads = [threading.Thread(target=work) for _ in range(50)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
watcher.pause()
print(len(ended), *[watcher.codes[number][2] for number in watcher.end() if watcher.codes[number][2] == "work"])
watcher.stop()
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
class TestMonitoring:
    def test_a_tool_in_its_place_is_an_obstacle(self):
        if problem := make_watcher(bool).obstacle():
            pytest.skip(problem)  # as above
        sys.monitoring.use_tool_id(3, "mine")
        try:
            assert make_watcher(bool).obstacle() == "mine uses sys.monitoring in our place"
        finally:
            sys.monitoring.free_tool_id(3)

    def test_whoever_asks_for_its_place_has_it_and_nothing_is_known_until_it_is_free(self, watcher):
        monitoring, seen = sys.monitoring, []
        begin(watcher)
        inner()
        for tool in range(6):
            monitoring.use_tool_id(tool, "mine")
            monitoring.register_callback(tool, monitoring.events.PY_START, lambda code, _: seen.append(code.co_name))
        inner()
        assert watcher.end() is None
        begin(watcher)
        assert watcher.end() is None
        for tool in range(6):
            monitoring.register_callback(tool, monitoring.events.PY_START, None)
            monitoring.free_tool_id(tool)
        assert seen == []  # who has asked for no events
        assert of(watcher, outer) == {"outer", "inner", "square"}

    def test_gives_the_function_back_that_it_replaces(self, watcher):
        assert sys.monitoring.use_tool_id.__name__ == "_give_way"
        watcher.stop()
        assert sys.monitoring.use_tool_id.__name__ == "use_tool_id"

    def test_a_tool_of_somebody_else_sees_everything(self, watcher):
        seen = []
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.DEBUGGER_ID, "mine")
        try:
            monitoring.register_callback(
                monitoring.DEBUGGER_ID, monitoring.events.PY_START, lambda code, _: seen.append(code.co_name)
            )
            monitoring.set_local_events(monitoring.DEBUGGER_ID, square.__code__, monitoring.events.PY_START)
            assert of(watcher, lambda: square(1)) == {"square"}
            assert of(watcher, lambda: square(1)) == {"square"}
        finally:
            monitoring.set_local_events(monitoring.DEBUGGER_ID, square.__code__, 0)
            monitoring.free_tool_id(monitoring.DEBUGGER_ID)
        assert seen == ["square", "square"]
