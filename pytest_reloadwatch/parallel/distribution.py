"""A run's tests spread over workers: xdist's own session and schedulers, with workers forked from the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch.parallel import _compat, remote
from pytest_reloadwatch.parallel._compat import import_ahead
from pytest_reloadwatch.parallel.forked import ForkedWorker
from pytest_reloadwatch.parallel.nursery import Nursery, open_nursery
from pytest_reloadwatch.parallel.randomness import Origin
from pytest_reloadwatch.parallel.roles import Roles
from pytest_reloadwatch.parallel.verdicts import Verdicts
from pytest_reloadwatch.parallel.worth import workers_worth
from pytest_reloadwatch.rewind.restore import SharedState

if TYPE_CHECKING:
    from types import ModuleType

    import execnet

    from pytest_reloadwatch.rewind.run import Run
    from pytest_reloadwatch.rewind.timeline import Timeline


__all__ = ["Distribution", "import_ahead"]


class Distribution:
    """Made before anything is frozen, where the command line asks for workers."""

    def __init__(self, run: Run, timeline: Timeline, config: pytest.Config) -> None:
        self._run = run
        self._timeline = timeline
        self._config = config
        self._wanted: list[str] = []  # specifications of execution environments, as --tx has them
        self._roles = Roles(config)
        self._origin = Origin()
        self._nursery: Nursery | None = None
        self._node: Any = None
        config.pluginmanager.register(self._roles)

    @pytest.hookimpl
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """After xdist has worked out what is wanted: without environments it does not distribute by itself."""
        if config.getoption("dist") != "no":
            self._wanted, config.option.tx = config.getoption("tx"), []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Instead of pytest's own loop where this run is worth more than one process."""
        self._roles.stop()
        specs = self._specs(session)
        if not specs:
            return None
        shared = SharedState.save(self._config)
        nursery = self._timeline.fork_aside(open_nursery)
        if isinstance(nursery, Nursery):
            self._distribute(session, specs, nursery)
        else:
            worker = ForkedWorker(self._run, self._timeline, self._roles, self._origin, self._config)
            worker.work(nursery, session, shared)
        return True

    def _specs(self, session: pytest.Session) -> list[str]:
        """The environments that this run is worth; none where it is quicker in this process."""
        worth = workers_worth(len(self._wanted), len(session.items), self._seconds(session))
        return self._wanted[:worth] if worth > 1 else []

    def _seconds(self, session: pytest.Session) -> float | None:
        """What the tests will take together, as far as they have run before; None where none has."""
        order = self._timeline.order
        return order.seconds * len(session.items) / order.timed if order.timed else None

    def _distribute(self, session: pytest.Session, specs: list[str], nursery: Nursery) -> None:
        self._nursery = nursery
        self._config.option.tx = specs
        dsession = _compat.DSession(self._config)
        manager = self._config.pluginmanager
        manager.register(dsession, "dsession")
        manager.register(Verdicts(self._run, session))
        _compat.show_as_distributed(self._config)
        try:
            dsession.pytest_sessionstart(session)
            dsession.pytest_runtestloop()
        except KeyboardInterrupt:
            nursery.interrupt()
            raise

    # Xdist's hooks, in the run

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config) -> None:
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
        return remote if _compat.is_forked(self._node.gateway.spec) else None
