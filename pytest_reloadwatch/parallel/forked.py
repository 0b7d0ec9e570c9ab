"""A forked worker: takes over the session that the run has collected, and lets xdist's controller drive it."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.parallel import _compat, environ, remote
from pytest_reloadwatch.parallel.last_words import LastWords
from pytest_reloadwatch.rewind.run import PLAIN_NODEID
from pytest_reloadwatch.rewind.streams import flush_streams

if TYPE_CHECKING:
    import socket

    import execnet
    import pytest

    from pytest_reloadwatch.parallel.roles import Roles
    from pytest_reloadwatch.rewind.randomness import Origin
    from pytest_reloadwatch.rewind.restore import SharedState
    from pytest_reloadwatch.rewind.run import Run
    from pytest_reloadwatch.rewind.timeline import Timeline


class ForkedWorker:
    """One process; ``work`` returns when there is nothing more to run, ``leave`` never does."""

    def __init__(self, run: Run, timeline: Timeline, roles: Roles, origin: Origin, config: pytest.Config) -> None:
        self._run = run
        self._timeline = timeline
        self._roles = roles
        self._origin = origin
        self._config = config
        self._has_worked = False

    def work(self, connection: socket.socket, session: pytest.Session, shared: SharedState) -> None:
        shared.restore()
        _compat.silence_terminal(self._config)
        gateway = _compat.ForkedGateway(connection, str(os.getpid()))
        channel = self._serve_until_begun(gateway)
        values, _, options, _ = channel.receive()
        self._become(values, options, session)
        interactor = _compat.interact(self._config, channel, options)
        self._config.pluginmanager.register(LastWords(self._timeline))
        self._take_over(interactor, session)
        self._has_worked = True
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all tests are over: an interrupt only came too late

    def leave(self) -> None:
        """The last of pytest's cleanups: in a worker all that the end of a process does but to take its memory apart.

        That would copy it, page by page, for it is shared with all other workers.
        """
        if self._has_worked:
            _compat.stop_capturing(self._config)
            _compat.run_exit_functions()
            flush_streams()
            os._exit(0)

    @staticmethod
    def _serve_until_begun(gateway: _compat.ForkedGateway) -> execnet.Channel:
        """Execute what the other end wants to know first; the channel on which it speaks to the worker."""
        while True:
            task = gateway.tasks.get()
            if task is None:
                os._exit(0)  # the run ended before it came to this worker
            channel, (_, file_name, _, _) = task
            if file_name == remote.__file__:
                return channel
            gateway.executetask(task)

    def _become(self, values: dict[str, Any], options: dict[str, Any], session: pytest.Session) -> None:
        """What a worker is from its beginning in a process that xdist has started."""
        config: Any = self._config
        sys.argv[:] = ["-c"]  # execnet's command line
        environ.take_over()
        os.environ["PYTEST_XDIST_TESTRUNUID"] = values["testrunuid"]
        os.environ["PYTEST_XDIST_WORKER"] = values["workerid"]
        os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(values["workercount"])
        config.workerinput, config.workeroutput = values, {}
        _compat.use_basetemp(config, options.get("basetemp"))
        self._origin.reseed()
        self._run.worker = values["workerid"]
        self._timeline.become_worker(values["workerid"])
        self._roles.begin_again(session)

    def _take_over(self, interactor: Any, session: pytest.Session) -> None:
        """The hooks of xdist's part of a worker, as pytest would call them from the session's start on."""
        for item in session.items:
            item.stash[PLAIN_NODEID] = item.nodeid  # before it gets the name of its group
        manager = self._config.pluginmanager
        others = [plugin for plugin in manager.get_plugins() if plugin is not interactor]

        def call(hook: str, **values: Any) -> None:
            manager.subset_hook_caller(hook, others)(**values)

        call("pytest_sessionstart", session=session)
        call("pytest_collection_modifyitems", session=session, config=self._config, items=session.items)
        call("pytest_collection_finish", session=session)
        call("pytest_runtestloop", session=session)
