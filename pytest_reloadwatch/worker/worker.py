"""Runs in a worker: takes orders, reloads in place what has changed, and has pytest run in this same process.

The pytest that has started the process waits in its hook for as long as it lives. Each run is one of its own, with
the same command line; what it imports stays for the next.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.exceptions import UnfitError
from pytest_reloadwatch.options import IN_WORKER, asks_for_workers
from pytest_reloadwatch.parallel.meeting import Meeting
from pytest_reloadwatch.record import audit
from pytest_reloadwatch.record.executed import make_watcher
from pytest_reloadwatch.record.importing import Importing
from pytest_reloadwatch.record.owners import Owners
from pytest_reloadwatch.record.recorder import Recorder
from pytest_reloadwatch.rewind import bytecode
from pytest_reloadwatch.rewind.choice import WARM
from pytest_reloadwatch.rewind.debugger import Debugger
from pytest_reloadwatch.rewind.finder import RewindFinder
from pytest_reloadwatch.rewind.life import record_loads
from pytest_reloadwatch.rewind.messages import Channel, Reloaded, Resume
from pytest_reloadwatch.rewind.run import Pruner, Run
from pytest_reloadwatch.worker.fitness import Fitness
from pytest_reloadwatch.worker.life import WorkerLife
from pytest_reloadwatch.worker.lifeline import hold
from pytest_reloadwatch.worker.refresh import Refresh

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_reloadwatch.record.firstparty import FirstParty

_WENT_THROUGH = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


def serve(config: pytest.Config, first_party: FirstParty, address: str, reports: str, lifeline: str) -> NoReturn:
    """Serve the controller at *address*; ends with SystemExit. *reports* is the directory for what children tell."""
    try:
        hold(lifeline, address)
        channel = Channel.connect(address)
    except OSError:
        os._exit(1)  # it is gone already
    worker = Worker(config, first_party, channel, Meeting(address, reports))
    worker.watch(reports)
    raise SystemExit(worker.serve())


class Worker:
    """*config* is that of the pytest that waits."""

    def __init__(self, config: pytest.Config, first_party: FirstParty, channel: Channel, meeting: Meeting) -> None:
        self._waiting = config
        self._meeting = meeting
        self._hooks: list[Any] = []
        self._first_party = first_party
        self._recorder = Recorder(first_party)
        self._recorder.paused = True
        self._life = WorkerLife(channel, self._recorder)
        self._finder = RewindFinder(self._recorder, self._life)
        self._fitness = Fitness(self._life, self._recorder)
        self._refresh = Refresh(self._life, self._finder, first_party)
        self._begin_record: Callable[[], None] = lambda: None
        self._runs = 0

    def watch(self, reports: str) -> None:
        """From now on everything that counts is recorded while a run is under way."""
        bytecode.guard_loading(self._first_party)
        _compat.guard_rewritten_bytecode(bytecode.is_trusted)
        _compat.watch_imports_by_name(self._finder.imported_by_name)
        _compat.watch_extended_paths(self._finder.extended)
        self._begin_record = record_loads(self._life, self._recorder)
        audit.install(self._recorder, reports)
        _compat.take_out_rewriting()

    def serve(self) -> int:
        """Carry out one order after the other; the exit code of the process."""
        self._life.check_in()
        code = 0
        while (order := self._life.wait()) is not None:
            code, reason = self._carry_out(order)
            if not self._life.has_finished or not order.freeze or code == pytest.ExitCode.USAGE_ERROR:
                break
            if reason:
                self._life.say_unfit(reason)
                break
            self._life.check_in(WARM)
        return code

    def _carry_out(self, order: Resume) -> tuple[int, str]:
        """Pytest's exit code, and why this process can have no further run."""
        self._life.begin(order)
        sys.path[:] = dict.fromkeys(sys.path)  # pytest puts in front what it needs, each time
        self._recorder.written.clear()  # by now it is on disk as everything else
        self._runs += 1
        invocation = self._waiting.invocation_params
        plugins = [*(invocation.plugins or ()), _InWorker(self)]
        try:
            code = int(pytest.main(list(invocation.args), plugins=plugins))
        except UnfitError as error:
            self._life.has_finished = True
            return 0, str(error)
        except KeyboardInterrupt:  # before pytest would have taken it for the run's
            return int(pytest.ExitCode.INTERRUPTED), ""
        finally:
            self._let_go()
        if code not in _WENT_THROUGH:
            return code, "its last run did not go through"
        return code, self._fitness.judge()

    def _let_go(self) -> None:
        """Pytest is over: nothing that happens now is of any account, and nothing of it shall live on."""
        self._recorder.paused = True
        self._recorder.collects_plainly = lambda: False
        self._life.on_resume = []
        _compat.retire_rewriting(self._hooks, self._waiting)

    def begin(self, config: pytest.Config) -> Run:
        """In each pytest, before anything first-party is imported for it."""
        self._recorder.collects_plainly = lambda: _compat.collects_plainly(config)
        self._recorder.paused = False
        self._finder.imports = []
        self._finder.costs.begin_run()
        sys.meta_path[:] = [self._finder, *(finder for finder in sys.meta_path if finder is not self._finder)]
        hooks, self._hooks = self._hooks, _compat.rewriting_hooks()
        _compat.pass_on_rewriting(hooks, self._hooks)
        self._begin_record()
        if self._runs > 1:
            self._make_fresh()
        is_wanted = self._first_party.frame_source
        watcher = make_watcher(lambda filename: bool(is_wanted(filename)))
        owners, importing = Owners(self._recorder, watcher), Importing(self._recorder, watcher)
        run = Run(self._life, self._finder, owners, importing, config)
        for plugin in (run, Pruner(run), owners, Debugger(self._life), self._fitness):
            config.pluginmanager.register(plugin)
        if asks_for_workers(config):
            from pytest_reloadwatch.parallel.distribution import Distribution  # takes a while

            config.pluginmanager.register(Distribution(run, self._life, self._recorder, self._meeting, None, config))
        return run

    def _make_fresh(self) -> None:
        """Raises UnfitError where that is not possible."""
        steps = self._refresh.refresh(self._life.order.stale)
        self._fitness.executed = frozenset(name for step in steps for name in (step.name, step.path))
        self._life.recall()
        self._life.send(Reloaded(self._life.order.run, [(step.name, step.why) for step in steps]))


class _InWorker:
    """The plugin by which ours knows that it is in a worker; outermost in the hook, as ours would be."""

    __name__ = IN_WORKER

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Generator[None, object, object]:
        with self._worker.begin(early_config).beginning():
            return (yield)
