"""A run's tests spread over workers: by xdist's own session, schedulers and reports."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch.parallel import _compat, remote
from pytest_reloadwatch.parallel.verdicts import Verdicts
from pytest_reloadwatch.parallel.worth import workers_worth
from pytest_reloadwatch.rewind.messages import ColdWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    import execnet

    from pytest_reloadwatch.parallel.forks import Forks
    from pytest_reloadwatch.parallel.meeting import Meeting
    from pytest_reloadwatch.parallel.nursery import Nursery
    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.life import Life
    from pytest_reloadwatch.rewind.run import Run

IN_PLACE = "modules are reloaded in place here, and that is no moment to fork from"


class Distribution:
    """A plugin of the run, where the command line asks for workers. *forks* is None where none can be forked."""

    def __init__(
        self, run: Run, life: Life, recorder: Recorder, meeting: Meeting, forks: Forks | None, config: pytest.Config
    ) -> None:
        self._run = run
        self._life = life
        self._recorder = recorder
        self._meeting = meeting
        self._forks = forks
        self._config = config
        self._wanted: list[str] = []  # specifications of execution environments, as --tx has them
        self._nursery: Nursery | None = None
        self._node: Any = None

    @pytest.hookimpl
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """After xdist has worked out what is wanted: without environments it does not distribute by itself."""
        if config.getoption("dist") != "no":
            self._wanted, config.option.tx = _compat.environments(config), []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Instead of pytest's own loop where this run is worth more than one process."""
        if self._forks is not None:
            self._forks.begin_tests()
        specs = self._specs(session)
        if not specs:
            return None
        obstacle = IN_PLACE if self._forks is None else self._forks.obstacle()
        if self._forks is None or obstacle:
            self._life.send(ColdWorkers(self._life.order.run, obstacle))
        else:
            self._nursery = self._forks.open(session)
            if self._nursery is None:
                return True
        with self._drawn_up(session, specs) as dsession:
            dsession.pytest_sessionstart(session)
            dsession.pytest_runtestloop()
        return True

    def _specs(self, session: pytest.Session) -> list[str]:
        """The environments that this run is worth; none where it is quicker in this process."""
        if self._config.getoption("dist") == "each":
            return self._wanted
        worth = workers_worth(len(self._wanted), len(session.items), self._seconds(session))
        return self._wanted[:worth] if worth > 1 else []

    def _seconds(self, session: pytest.Session) -> float | None:
        """What the tests will take together, as far as they have run before; None where none has."""
        order = self._life.order
        return order.seconds * len(session.items) / order.timed if order.timed else None

    @contextlib.contextmanager
    def _drawn_up(self, session: pytest.Session, specs: list[str]) -> Iterator[Any]:
        """Xdist's own session, as if it had been there from the start."""
        self._recorder.pause()  # what it starts, and what it hears, no verdict rests on
        self._config.option.tx = specs
        dsession = _compat.DSession(self._config)
        manager = self._config.pluginmanager
        manager.register(dsession, "dsession")
        manager.register(Verdicts(self._run, session))
        _compat.show_as_distributed(self._config)
        with self._meeting.told(self._life.order):
            try:
                yield dsession
            except KeyboardInterrupt:
                if self._nursery is not None:
                    self._nursery.interrupt()
                raise

    # Xdist's hooks, in the run

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config) -> None:
        if self._nursery is not None:
            _compat.fork_gateways(config, self._fork)

    def _fork(self, _spec: execnet.XSpec) -> _compat.SocketIO:
        assert self._nursery is not None
        nursery = self._nursery
        connection, pid = nursery.fork()
        return _compat.SocketIO(connection, end=lambda: nursery.kill(pid))

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure_node(self, node: Any) -> None:
        self._node = node

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_getremotemodule(self) -> ModuleType | None:
        """Asked for the node that has just been configured."""
        return remote if self._nursery is not None and _compat.is_forked(self._node.gateway.spec) else None
