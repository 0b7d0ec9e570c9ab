"""Generators and coroutines that wait when a test begins count for it: resuming them may execute no new line."""

import gc
import sys

import pytest

from pytest_reloadwatch.record.suspended import SuspendedWatcher

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 14), reason="not used there: garbage has other generations")


def numbers():
    yield 1
    yield 2


async def coroutine():
    await Once()


class Once:
    def __await__(self):
        yield


@pytest.fixture
def watcher():
    found = SuspendedWatcher(lambda filename: filename == __file__)
    found.start()
    yield found
    found.stop()


def names(watcher):
    """Of what counts for a test that does nothing."""
    watcher.begin()
    return {watcher.codes[number][2] for number in watcher.end()} - {"watcher"}


def waiting(function):
    made = function()
    made.send(None)
    return made


def test_what_an_earlier_test_has_left_counts_while_it_is_there(watcher):
    watcher.begin()
    kept = waiting(numbers), waiting(coroutine)
    watcher.end()
    assert names(watcher) == {"numbers", "coroutine", "__await__"}
    for one in kept:
        one.close()
    del kept, one
    assert names(watcher) == set()


@pytest.mark.parametrize("generation", range(3))
def test_what_has_become_older_meanwhile_counts(watcher, generation):
    watcher.begin()
    kept = waiting(numbers)
    gc.collect(generation)
    watcher.end()
    assert names(watcher) == {"numbers"}
    kept.close()


def test_what_was_there_before_counts(watcher):
    watcher.stop()
    kept = waiting(numbers)
    gc.collect()
    watcher.start()
    assert names(watcher) == {"numbers"}
    kept.close()


def test_what_a_fixture_keeps_is_on_record_of_its_users(watcher):
    watcher.begin()
    watcher.begin()
    kept = waiting(numbers)
    assert watcher.end() == set()
    watcher.end()
    assert names(watcher) == set()
    kept.close()
