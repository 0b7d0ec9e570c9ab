"""The one place for private API of pytest-xdist, execnet and what of pytest's a worker needs: a function each.

Checked on pytest-xdist 3.5 to 3.8, execnet 2.0 to 2.1, pytest 8.0 to 9.2.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import execnet
import xdist.remote
from execnet.gateway import Gateway
from execnet.gateway_base import Popen2IO, WorkerGateway, get_execmodel, loads_internal
from xdist.dsession import DSession

_PATIENCE = 5.0  # seconds; execnet's own

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    import pytest

    Task = tuple[execnet.Channel, tuple[str, str | None, str | None, dict[str, Any]]]

__all__ = ["DSession"]


class SocketIO(Popen2IO):
    """Execnet's view of one end of a socket pair; *ended* and *end* wait for the process at the other end, and end it.

    There is no gateway type for a process that was not started by execnet.
    """

    def __init__(
        self,
        connection: socket.socket,
        ended: Callable[[], None] = lambda: None,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(connection.makefile("wb"), connection.makefile("rb"), execmodel=get_execmodel("thread"))
        self._connection = connection
        self._ended = ended
        self._end = end

    def close_write(self) -> None:
        """The socket stays open as long as the process lives, so that its end is seen at the other end."""

    close_read = close_write

    def wait(self) -> None:
        self._ended()

    def kill(self) -> None:
        self._end()


class ForkedGateway(WorkerGateway):
    """The worker's end: what it is asked to execute waits in *tasks* for the main thread, which pytest has."""

    def __init__(self, connection: socket.socket, name: str) -> None:
        super().__init__(io=SocketIO(connection), id=f"{name}-worker", _startcount=2)
        self.tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._executetask_complete = None
        self._initreceive()

    def _local_schedulexec(self, channel: execnet.Channel, sourcetask: bytes) -> None:
        self.tasks.put((channel, loads_internal(sourcetask)))

    def _terminate_execution(self) -> None:
        """In the thread that listens: the run is over, or gone. This process should end by itself, as execnet's do."""
        self.tasks.put(None)
        time.sleep(_PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_PATIENCE)
        os._exit(1)


def make_gateways(config: pytest.Config, make: Callable[[execnet.XSpec, Callable[[], Any]], Any]) -> None:
    """Have xdist's controller make its gateways with *make*, which is given what would have made one.

    Xdist has no public way to give it another group of them.
    """
    group: Any = config.pluginmanager.getplugin("dsession").nodemanager.group
    original = group.makegateway

    def make_one(spec: Any = None) -> Any:
        if not isinstance(spec, execnet.XSpec):
            spec = execnet.XSpec(spec or group.defaultspec)
        group.allocate_id(spec)
        return make(spec, lambda: original(spec))

    group.makegateway = make_one


def register_gateway(config: pytest.Config, io: SocketIO, spec: execnet.XSpec) -> Any:
    """A gateway to a process that listens at the other end; execnet has no public way to add a type of gateway."""
    gateway = Gateway(io, spec)
    config.pluginmanager.getplugin("dsession").nodemanager.group._register(gateway)
    return gateway


def own_options(config: pytest.Config, group: str) -> dict[str, bool]:
    """The names of the options in a *group* of pytest's parser, and whether each takes a value."""
    found = {}
    for option in config._parser.getgroup(group).options:
        attributes = option.attrs()  # what addoption was given, and since pytest 9 the attributes of argparse's action
        is_flag = attributes.get("action") == "store_true" or attributes.get("nargs") == 0
        found.update(dict.fromkeys(option.names(), not is_flag))
    return found


def is_fresh(gateway: Any) -> bool:
    """Whether no pytest has run yet in the process at the other end."""
    channel = gateway.remote_exec("import sys; channel.send('_pytest' in sys.modules)")
    has_pytest = channel.receive()
    channel.waitclose()
    return not has_pytest


def is_forked(spec: execnet.XSpec) -> bool:
    """Whether *spec* asks for nothing but a process of this interpreter on this machine."""
    special = (spec.via, spec.python, spec.chdir, spec.nice, spec.env, spec.dont_write_bytecode)
    return bool(spec.popen) and not any(special)


def is_local(spec: str) -> bool:
    """The same, for a specification as --tx has it."""
    return is_forked(execnet.XSpec(spec))


def interact(config: pytest.Config, channel: execnet.Channel, options: dict[str, Any]) -> Any:
    """Xdist's part of a worker, for a session that is configured and collected already.

    In a worker that xdist has started its module does this when it is executed, before pytest begins.
    """
    xdist.remote.setup_config(config, options.get("basetemp"))
    interactor = xdist.remote.WorkerInteractor(config, channel)
    vars(xdist.remote)["interactor"] = interactor  # one of its hooks asks for a global variable
    return interactor


def use_basetemp(config: pytest.Config, basetemp: str | None) -> None:
    """Let the temporary directories of this process lie below *basetemp*; it was configured for another.

    The object stays the same: fixtures and plugins hold it.
    """
    factory: Any = getattr(config, "_tmp_path_factory", None)
    if factory is not None and basetemp:
        factory._given_basetemp = Path(os.path.abspath(basetemp)).resolve()
        factory._basetemp = None


def show_as_distributed(config: pytest.Config) -> None:
    """No file names before the dots, as xdist has it when it is configured."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False


def silence_terminal(config: pytest.Config) -> None:
    """What the terminal reporter of a worker says is for nobody, as in a worker that xdist has started."""
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    writer: Any = config.get_terminal_writer()
    writer._file = nowhere
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
        opened = os.open(os.devnull, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    captures: Any = getattr(config.pluginmanager.getplugin("capturemanager"), "_global_capturing", None)
    saved = getattr(getattr(captures, "out", None), "targetfd_save", -1)
    if saved >= 0:
        os.dup2(nowhere.fileno(), saved, inheritable=False)


def stop_capturing(config: pytest.Config) -> None:
    """What is printed from here on goes where the process was told to print."""
    manager: Any = config.pluginmanager.getplugin("capturemanager")
    if manager is not None:
        manager.stop_global_capturing()


def run_exit_functions() -> None:
    """As the interpreter does at its end: first wait for threads that are no daemons (Python 3.10 to 3.14)."""
    shutdown: Any = vars(threading)["_shutdown"]
    shutdown()
    atexit._run_exitfuncs()


def import_ahead() -> None:
    """What distributing takes some milliseconds to import or to find out, before anything is frozen."""
    import platform

    from xdist import dsession, scheduler  # noqa: F401

    xdist.remote.getinfodict()
    platform.platform()
