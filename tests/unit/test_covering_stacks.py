"""Whether a thread has gone over to another stack, where coverage does not see it."""

import sys
import threading
from types import SimpleNamespace

import pytest

from pytest_reloadwatch.covering.stacks import Stacks


class Greenlets(SimpleNamespace):
    """The part of greenlet that tells of switches."""

    def __init__(self):
        super().__init__(callback=None)

    def gettrace(self):
        return self.callback

    def settrace(self, callback):
        self.callback = callback


@pytest.fixture
def stacks(monkeypatch):
    monkeypatch.delitem(sys.modules, "greenlet", raising=False)
    return Stacks()


@pytest.fixture
def greenlets(monkeypatch, stacks):
    """Imported after the first look."""
    stacks.look()
    assert not stacks.has_switched
    found = Greenlets()
    monkeypatch.setitem(sys.modules, "greenlet", found)
    return found


def test_until_it_is_known_it_may_have_switched(stacks, greenlets):
    stacks.look()
    assert stacks.has_switched
    stacks.has_switched = False
    stacks.look()
    assert not stacks.has_switched


def test_a_switch_is_noted_and_passed_on(stacks, greenlets):
    told = []
    greenlets.callback = lambda *what: told.append(what)
    stacks.look()
    stacks.has_switched = False
    greenlets.callback("switch", (1, 2))
    assert stacks.has_switched
    assert told == [("switch", (1, 2))]


def test_a_thread_that_was_there_before_may_do_so_unseen(stacks, greenlets):
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    stacks.look()
    go.set()
    thread.join()
    assert stacks.is_hidden


def test_nothing_is_known_of_a_module_that_does_not_tell(stacks, monkeypatch):
    monkeypatch.setitem(sys.modules, "greenlet", SimpleNamespace())
    stacks.look()
    assert stacks.is_hidden
