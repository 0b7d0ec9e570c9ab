"""A pytest plugin for cold runs, loaded with ``-p``: writes what happened as JSON; knows nothing of ours.

It is copied into a directory of its own, with ``order.json`` beside it: ``out`` is the file to write, ``only`` the
nodeids to keep (null: all), ``timed`` whether to take the time of modules. It writes ``verdicts`` (nodeid -> worst
outcome; of a collector or conftest that failed: ``error``), ``tests`` (nodeid -> seconds of setup, call and
teardown), ``modules`` (name -> seconds of its own execution, without what it imported) and ``loop`` (seconds of the
whole loop over the tests).
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

BEST_TO_WORST = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")


class Recorder:
    """Collects while pytest runs; ``write`` is called at the end."""

    def __init__(self, out: str, only: list[str] | None, timed: bool) -> None:
        self.verdicts: dict[str, str] = {}
        self._out = out
        self._only = None if only is None else frozenset(only)
        self._modules: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._loop = 0.0
        if timed:
            time_modules(self._modules)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._only is not None:
            items[:] = [item for item in items if item.nodeid in self._only]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.verdicts[report.nodeid] = "error"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        begun = time.perf_counter()
        try:
            return (yield)
        finally:
            self._loop = time.perf_counter() - begun

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        before = "passed" if report.when == "setup" else self.verdicts.get(report.nodeid, "passed")
        self.verdicts[report.nodeid] = max(before, outcome(report), key=BEST_TO_WORST.index)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self.write()

    def write(self) -> None:
        """Write what is known so far."""
        with open(self._out, "w", encoding="utf-8") as file:
            told = {"tests": self._seconds, "modules": self._modules, "loop": self._loop}
            json.dump({"verdicts": self.verdicts, **told}, file)


def outcome(report: pytest.TestReport) -> str:
    """One report's outcome in the words of the outside interface."""
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return str(report.outcome) if report.outcome in BEST_TO_WORST else "passed"  # rerun: the next attempt counts


def time_modules(seconds: dict[str, float]) -> None:
    """Take the time that each module executed from source needs, without the modules that it imports."""
    loaders: list[Any] = [type(f) for f in sys.meta_path if hasattr(type(f), "exec_module")]
    inner: list[float] = []
    for loader in (SourceFileLoader, *loaders):
        loader.exec_module = _timed(loader.exec_module, inner, seconds)


def _timed(original: Any, inner: list[float], seconds: dict[str, float]) -> Any:
    def exec_module(self: Any, module: Any) -> None:
        begun = time.perf_counter()
        inner.append(0.0)
        try:
            original(self, module)
        finally:
            whole = time.perf_counter() - begun
            seconds[module.__name__] = whole - inner.pop()
            if inner:
                inner[-1] += whole

    return exec_module


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    with open(os.path.join(os.path.dirname(__file__), "order.json"), encoding="utf-8") as file:
        recorder = Recorder(**json.load(file))
    early_config.pluginmanager.register(recorder)
    try:
        return (yield)
    except Exception as error:
        path = getattr(error, "path", None)
        if path is not None:  # pytest's ConftestImportFailure
            recorder.verdicts[os.path.relpath(path, early_config.rootpath)] = "error"
            recorder.write()
        raise
