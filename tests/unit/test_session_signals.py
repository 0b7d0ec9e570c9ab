"""Signals as the controller hears them."""

import os
import selectors
import signal

import pytest

from pytest_reloadwatch.session.signals import Signals

CAUGHT = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD") if hasattr(signal, name)]


class Told:
    def __init__(self):
        self.seen = []

    def on_child_ended(self):
        self.seen.append("child")

    def on_interrupt(self):
        self.seen.append("interrupt")

    def on_order_to_end(self, exit_code):
        self.seen.append(exit_code)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def signals(told):
    before = {number: signal.getsignal(number) for number in CAUGHT}
    with selectors.DefaultSelector() as selector:
        signals = Signals(selector, told)
        try:
            yield signals
        finally:
            signals.close()
            for number, handler in before.items():
                signal.signal(number, handler)


@pytest.mark.skipif(os.name == "nt", reason="a signal to oneself ends the process there")
def test_ctrl_c_is_told_to_one_and_everything_else_to_the_other(signals, told):
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.take_interrupt()
    assert not signals.take_interrupt()
    assert told.seen == []
    signals.heed()
    os.kill(os.getpid(), signal.SIGINT)
    signals.heed()
    assert told.seen == [128 + signal.SIGTERM, "interrupt"]
