"""A debugger has the terminal to itself before it asks: until then each key goes to the controller."""

import os
import pty
import sys
import termios
import threading
import tty

import pytest

from pytest_reloadwatch.rewind.streams import wait_for_lines

FOREVER = 60


@pytest.fixture
def terminal(monkeypatch):
    master, slave = pty.openpty()
    with os.fdopen(slave) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield slave
    os.close(master)


def test_waits_until_the_terminal_gives_lines(terminal):
    lines = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    is_over = threading.Event()
    waiting = threading.Thread(target=lambda: (wait_for_lines(FOREVER), is_over.set()))
    waiting.start()
    assert not is_over.is_set()
    termios.tcsetattr(terminal, termios.TCSANOW, lines)
    assert is_over.wait(FOREVER / 2)
    waiting.join()


def test_no_longer_than_it_was_told(terminal):
    tty.setcbreak(terminal)
    wait_for_lines(0)


def test_nothing_to_wait_for_without_a_terminal(monkeypatch):
    with open(os.devnull) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        wait_for_lines(FOREVER)
