"""A run's tests spread over workers: by xdist's own session, schedulers and reports."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch.parallel import _compat, remote
from pytest_reloadwatch.parallel.elsewhere import arguments, environments, what_to_leave_out
from pytest_reloadwatch.parallel.verdicts import Verdicts
from pytest_reloadwatch.parallel.worth import Work, processors_here, workers_worth
from pytest_reloadwatch.rewind.messages import Remark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    import execnet

    from pytest_reloadwatch.parallel.forks import Forks
    from pytest_reloadwatch.parallel.meeting import Meeting
    from pytest_reloadwatch.parallel.nursery import Nursery
    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.life import Life
    from pytest_reloadwatch.rewind.run import Run

_PATIENCE = 10.0  # seconds that workers have to end after their tests, as with xdist itself
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
        self._arguments = list(map(str, config.invocation_params.args))
        self._nodeids: set[str] = set()  # of the tests to run
        self._nursery: Nursery | None = None
        self._is_complete = False  # whether all workers came to their end
        self._node: Any = None

    @pytest.hookimpl
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """After xdist has worked out what is wanted: without environments it does not distribute by itself."""
        if config.getoption("dist") != "no":
            self._wanted, config.option.tx = environments(config.getoption("tx")), []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Instead of pytest's own loop where this run is worth more than one process."""
        if self._forks is not None:
            self._forks.begin_tests()
        specs = self._specs(session)
        if not specs or not session.items:
            return None
        if any(map(_compat.is_local, specs)) and not self._open_nursery(session):
            return True  # a worker, whose work is done
        with self._drawn_up(session, specs) as dsession:
            dsession.pytest_sessionstart(session)
            dsession.pytest_runtestloop()
        return True

    def _specs(self, session: pytest.Session) -> list[str]:
        """The environments that this run is worth; none where it is quicker in this process."""
        if self._config.getoption("dist") == "each" or not all(map(_compat.is_local, self._wanted)):
            return self._wanted
        most, tests, processors = len(self._wanted), len(session.items), processors_here()
        waited_for = not self._life.order.often
        worth = workers_worth(most, tests, self._work(session), processors, is_waited_for=waited_for)
        if 1 < processors <= worth < min(most, tests):
            self._remark(f"{worth} workers, not {most}: these tests keep a processor busy, and {processors} are here")
        return self._wanted[:worth] if worth > 1 else []

    def _work(self, session: pytest.Session) -> Work | None:
        """What the tests will take together, as far as they have run before; None where none has."""
        order = self._life.order
        if not order.timed:
            return None
        scale = len(session.items) / order.timed
        return Work(order.seconds * scale, order.waited * scale)

    def _open_nursery(self, session: pytest.Session) -> bool:
        """Prepare for workers on this machine; False in those that are forked, when they have done their work."""
        obstacle = IN_PLACE if self._forks is None else self._own_module() or self._forks.obstacle()
        if self._forks is None or obstacle:
            self._remark(f"workers start cold, each imports and collects for itself: {obstacle}")
            return True
        self._nursery = self._forks.open(session)
        return self._nursery is not None

    def _own_module(self) -> str:
        """Whose plugin wants something else to be executed in workers, in words."""
        hook = self._config.hook.pytest_xdist_getremotemodule
        others = [found.plugin_name for found in hook.get_hookimpls() if found.plugin is not self]
        return f"{others[0]} has them execute a module of its own" if others else ""

    def _remark(self, text: str) -> None:
        self._life.send(Remark(self._life.order.run, text))

    @contextlib.contextmanager
    def _drawn_up(self, session: pytest.Session, specs: list[str]) -> Iterator[Any]:
        """Xdist's own session, as if it had been there from the start."""
        self._recorder.pause()  # what it starts, and what it hears, no verdict rests on
        self._nodeids = {item.nodeid for item in session.items}
        self._config.option.tx = specs
        dsession = _compat.DSession(self._config)
        manager = self._config.pluginmanager
        manager.register(dsession, "dsession")
        manager.register(verdicts := Verdicts(self._run, session))
        _compat.show_as_distributed(self._config)
        try:
            yield dsession
        except KeyboardInterrupt:
            if self._nursery is not None:
                self._nursery.interrupt()
            raise
        self._is_complete = True
        if verdicts.missing and not session.testsfailed:
            reason = f"the workers ended before {len(verdicts.missing)} tests had run"
            pytest.exit(reason, pytest.ExitCode.INTERNAL_ERROR)

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        """Before the end of this process, which takes its memory apart: what workers share with it would be copied."""
        if self._nursery is not None:
            self._nursery.close(_PATIENCE if self._is_complete else 0.0)

    def _find_left_out(self) -> list[str]:
        """Beginnings of nodeids that are not to be run; only who knows nothing of the run has to be told."""
        root = str(self._config.rootpath)
        return what_to_leave_out(self._life.order.prune, self._run.left_out, self._nodeids, root)

    # Xdist's hooks, in the run

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config) -> None:
        _compat.make_gateways(config, self._make_gateway)

    def _make_gateway(self, spec: execnet.XSpec, make: Callable[[], Any]) -> Any:
        ours = _compat.own_options(self._config, "reloadwatch")
        if not _compat.is_forked(spec):
            self._use_arguments(arguments(self._arguments, ours, self._find_left_out()))
            return make()
        self._use_arguments(arguments(self._arguments, ours, []))
        if self._nursery is None:
            with self._meeting.told(self._life.order):
                return make()
        nursery = self._nursery
        connection, pid = nursery.fork()
        io = _compat.SocketIO(connection, end=lambda: nursery.kill(pid))
        return _compat.register_gateway(self._config, io, spec)

    def _use_arguments(self, args: list[str]) -> None:
        """Xdist takes a worker's command line from here, just after it has made its gateway."""
        self._config.invocation_params = replace(self._config.invocation_params, args=tuple(args))

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure_node(self, node: Any) -> None:
        self._node = node
        if not _compat.is_forked(node.gateway.spec) and not _compat.is_fresh(node.gateway):
            raise pytest.UsageError(
                f"the process at {node.gateway.spec} has run tests before, and holds what it imported then: "
                "start a new server there for each run"
            )

    @pytest.hookimpl
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """What has another name elsewhere has no verdict here."""
        unknown = {nodeid for nodeid in ids if nodeid not in self._nodeids}
        if self._config.getoption("dist") == "loadgroup":  # which appends names of groups
            unknown = {nodeid for nodeid in unknown if nodeid.rpartition("@")[0] not in self._nodeids}
        if unknown and not _compat.is_forked(node.gateway.spec):
            self._remark(
                f"{node.gateway.spec} knows tests by other names, {min(unknown)} among them: "
                "nothing is proven there; use the same rootdir on both sides"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_getremotemodule(self) -> ModuleType | None:
        """Asked for the node that has just been configured."""
        return remote if self._nursery is not None and _compat.is_forked(self._node.gateway.spec) else None
