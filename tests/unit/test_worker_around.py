"""What tests change of a process beside what modules hold is put back."""

import logging
import os
import random
import signal
import sys
import warnings

import pytest

from pytest_reloadwatch.worker.around import Around

LOGGER = logging.getLogger("reloadwatch-test-around")


def look():
    return (
        dict(os.environ), os.getcwd(), list(sys.path), list(sys.argv), list(warnings.filters), random.getstate(),
        signal.getsignal(signal.SIGTERM), LOGGER.level, list(LOGGER.handlers), LOGGER.propagate, sys.excepthook,
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda: os.environ.update(NEW="1"),
        lambda: os.environ.pop("PATH"),
        lambda: os.chdir("/"),
        lambda: sys.path.insert(0, "/nowhere"),
        lambda: sys.argv.append("more"),
        lambda: warnings.simplefilter("ignore"),
        lambda: random.seed(1),
        lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        lambda: LOGGER.setLevel(5),
        lambda: LOGGER.addHandler(logging.NullHandler()),
        lambda: setattr(LOGGER, "propagate", False),
        lambda: setattr(sys, "excepthook", print),
    ],
)
def test_put_back(change):
    before, around = look(), Around.now()
    change()
    assert look() != before
    assert around.restore() == ""
    assert look() == before


def test_what_is_not_put_back_is_said(monkeypatch):
    around = Around.now()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 1)
    try:
        assert "not as they were" in around.restore()
    finally:
        sys.setrecursionlimit(limit)
