"""How a session begins: the process forks; the parent becomes the controller, the child the first checkpoint.

Each side imports what it needs after the fork, both at the same time, so that a session begins sooner. For reload in
place nothing forks: the process becomes the controller, which starts workers with its own command line.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.endpoint import Listener, has_unix_sockets, is_answering
from pytest_reloadwatch.record.firstparty import FirstParty
from pytest_reloadwatch.rewind.streams import flush_streams
from pytest_reloadwatch.session.address import client_address, internal_address
from pytest_reloadwatch.session.events import Events
from pytest_reloadwatch.session.reports import make_directory, remove_stale
from pytest_reloadwatch.session.workers import WORKER, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.rewind.run import Run
    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.terminal.screen import PlainScreen

_LISTENER = "PYTEST_RELOADWATCH_LISTENER"
STORE = os.path.join("d", "reloadwatch", "store.sqlite")


def start_session(config: pytest.Config, arguments: list[str], options: Options) -> Run:
    """Fork. Returns in every run, never in the controller or a worker: those end with SystemExit."""
    order = os.environ.pop(WORKER, "")
    if order:
        _become_worker(config, order)
    inherited = _take_listener()
    cache_dir = _compat.cache_directory(config)
    first_party = FirstParty(str(config.rootpath), cache_dir)
    try:
        events = Events(options.events)
        internal = Listener(internal_address(os.getpid()), loopback=options.engine == "inplace")
    except OSError as error:
        raise pytest.UsageError(f"reloadwatch cannot start: {error}") from error
    remove_stale()
    reports = make_directory()
    flush_streams()
    workers = None
    if options.engine == "inplace":
        workers = Workers(internal.address, reports, str(config.invocation_params.dir))
    if workers is not None or os.fork():
        with _removed_at_the_end(reports):
            _control(config, arguments, options, first_party, cache_dir, internal, inherited, events, reports, workers)
    internal.forget()
    if inherited is not None:
        inherited.forget()
    return _become_root(config, options, first_party, internal.address, reports)


@contextlib.contextmanager
def _removed_at_the_end(directory: str) -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _become_root(config: pytest.Config, options: Options, first_party: FirstParty, address: str, reports: str) -> Run:
    """Freeze at once; every run goes on from here, or from a checkpoint that a run has left."""
    from pytest_reloadwatch.record import audit
    from pytest_reloadwatch.record.executed import is_costly, make_watcher
    from pytest_reloadwatch.record.importing import Importing
    from pytest_reloadwatch.record.owners import Owners
    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind import bytecode
    from pytest_reloadwatch.rewind.finder import RewindFinder
    from pytest_reloadwatch.rewind.life import record_loads
    from pytest_reloadwatch.rewind.purity import Purity
    from pytest_reloadwatch.rewind.run import Pruner, Run
    from pytest_reloadwatch.rewind.timeline import Timeline

    recorder = Recorder(first_party)
    recorder.collects_plainly = lambda: _compat.collects_plainly(config)
    timeline = Timeline(address, config, recorder, Purity(recorder, options.allow))
    finder = RewindFinder(recorder, timeline)
    watcher = make_watcher(lambda filename: bool(first_party.frame_source(filename)))
    owners, importing = Owners(recorder, watcher), Importing(recorder, watcher)
    timeline.hibernate_as_root()
    run = Run(timeline, finder, owners, importing, config)
    for plugin in (run, Pruner(run), owners):
        config.pluginmanager.register(plugin)
    sys.meta_path.insert(0, finder)
    bytecode.guard_loading(first_party)
    _compat.guard_rewritten_bytecode(bytecode.is_trusted)
    begin_record = record_loads(timeline, recorder)  # outside of that guard, which does not ask what lies within
    timeline.on_resume.append(begin_record)
    begin_record()
    _compat.watch_imports_by_name(finder.imported_by_name)
    if is_costly():
        importing.install()
        config.pluginmanager.register(importing)
    audit.install(recorder, reports)
    return run


def _control(
    config: pytest.Config,
    arguments: list[str],
    options: Options,
    first_party: FirstParty,
    cache_dir: str,
    internal: Listener,
    inherited: Listener | None,
    events: Events,
    reports: str,
    workers: Workers | None,
) -> NoReturn:
    from pytest_reloadwatch.proof.store import open_store
    from pytest_reloadwatch.rewind.bytecode import discard_recent
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.controller import Controller, Restart
    from pytest_reloadwatch.session.environment import environment_digest, scope_digest
    from pytest_reloadwatch.session.reports import Reports
    from pytest_reloadwatch.watch.watchers import make_watcher

    screen = _make_screen(notifies=options.notify)
    if getattr(config.known_args_namespace, "cacheclear", False):  # the cache plugin may be off
        with contextlib.suppress(OSError):
            _compat.clear_cache(cache_dir)
    environment, scope = environment_digest(config, arguments), scope_digest(config)
    store, complaint = open_store(os.path.join(cache_dir, STORE), environment, scope)
    if complaint:
        screen.note(complaint)
    book = Book(store, environment, scope, first_party)
    beginning = Beginning(config, first_party)
    book.tree.track(beginning.keys)
    book.rest_on(beginning.modules)
    discard_recent(beginning.modules)
    if getattr(config.known_args_namespace, "numprocesses", None):
        screen.note("-n is not used here yet: tests run in one process")
    if getattr(config.known_args_namespace, "cov_source", None):
        screen.note("--cov measures what each run executes: after an edit that is a part of the suite")
    clients = None if options.once else _listen(beginning.rootdir, inherited, screen)
    controller = Controller(
        options=options,
        beginning=beginning,
        book=book,
        watcher=make_watcher(options.poll),
        screen=screen,
        events=events,
        internal=internal,
        clients=clients,
        reports=Reports(reports),
        workers=workers,
    )
    try:
        code = controller.serve()
    except Restart as restart:
        print(f"\nreloadwatch: starting over: {restart}", flush=True)  # noqa: T201 - the screen is closed by now
        _pass_listener(clients)
        shutil.rmtree(reports, ignore_errors=True)
        os.chdir(config.invocation_params.dir)  # it may be a new directory of the same name
        code = _start_over()
    flush_streams()
    raise SystemExit(code)


def _make_screen(*, notifies: bool) -> PlainScreen:
    from pytest_reloadwatch.terminal.screen import PlainScreen

    if not notifies:
        return PlainScreen()
    from pytest_reloadwatch.terminal.notify import Notifier, find_program, program_name

    program = find_program()
    screen = PlainScreen(notifier=Notifier(program))
    if not program:
        screen.note(f"--reload-notify needs {program_name()}, which is not installed: there will be no notifications")
    return screen


def _start_over() -> int:
    """Begin anew in this process's place; where that cannot be had, as on Windows, the exit code of another one."""
    command = [sys.executable, *sys.orig_argv[1:]]
    if os.name != "nt":
        os.execv(sys.executable, command)
    import subprocess

    return subprocess.call(command)


def _become_worker(config: pytest.Config, order: str) -> NoReturn:
    """Run pytest for the controller that has started this process, as often as it says."""
    from pytest_reloadwatch.worker.worker import serve

    address, reports = order.split(os.pathsep)
    serve(config, FirstParty(str(config.rootpath), _compat.cache_directory(config)), address, reports)


def _listen(rootdir: str, inherited: Listener | None, screen: Screen) -> Listener | None:
    """The socket for clients; another session of this directory keeps its own."""
    if inherited is not None:
        return inherited
    try:
        address = client_address(rootdir)
        if not is_answering(address):
            return Listener(address)
        screen.note("another session of this directory answers 'wait', 'status' and 'stop'")
    except OSError as error:
        screen.note(f"'wait', 'status' and 'stop' do not work: {error}")
    return None


def _pass_listener(listener: Listener | None) -> None:
    """A session that starts over keeps its socket, so that whoever asks meanwhile only waits."""
    if listener is not None and has_unix_sockets():
        os.set_inheritable(listener.fileno(), True)
        os.environ[_LISTENER] = f"{listener.fileno()}:{listener.address}"


def _take_listener() -> Listener | None:
    number, _, address = os.environ.pop(_LISTENER, "").partition(":")
    return Listener.adopt(int(number), address) if address else None
