"""How a session begins: the process forks; the parent becomes the controller, the child the first checkpoint.

Each side imports what it needs after the fork, both at the same time, so that a session begins sooner. For reload in
place nothing forks: the process becomes the controller, which starts workers with its own command line.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import shutil
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.endpoint import Listener, has_unix_sockets, is_answering
from pytest_reloadwatch.options import ANEW
from pytest_reloadwatch.record.firstparty import FirstParty
from pytest_reloadwatch.rewind.streams import flush_streams
from pytest_reloadwatch.session.address import client_address, internal_address
from pytest_reloadwatch.session.events import Events
from pytest_reloadwatch.session.rehearsal import command
from pytest_reloadwatch.session.reports import make_directory, marks_in, remove_stale
from pytest_reloadwatch.session.workers import WORKER, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.covering.settings import Settings
    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.life import Life
    from pytest_reloadwatch.rewind.run import Run
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.junit import Junit
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
    is_anew = os.environ.pop(ANEW, "") != ""
    covering = _covering_settings(config)
    cache_dir = _compat.cache_directory(config)
    first_party = FirstParty(str(config.rootpath), cache_dir)
    events = _open_events(options.events)
    try:
        internal = Listener(internal_address(os.getpid()), loopback=options.engine == "inplace")
    except OSError as error:
        raise pytest.UsageError(f"reloadwatch cannot start: {error}") from error
    remove_stale()
    reports = make_directory()
    flush_streams()
    gc.freeze()  # or the first collection on either side copies all that they share
    workers = None
    if options.engine == "inplace":
        workers = Workers(internal.address, reports, str(config.invocation_params.dir))
    if workers is not None or os.fork():
        with _removed_at_the_end(reports):
            _control(
                config,
                arguments,
                options,
                first_party,
                cache_dir,
                internal,
                inherited,
                events,
                reports,
                workers,
                covering,
                is_anew=is_anew,
            )
    internal.forget()
    if inherited is not None:
        inherited.forget()
    return _become_root(config, options, first_party, internal.address, reports, covering)


def join_run(config: pytest.Config, told: str) -> Run:
    """In a worker that xdist has started for a run of a session, which *told* it."""
    from pytest_reloadwatch.parallel import cold

    def prepare(life: Life, recorder: Recorder) -> None:
        settings = _covering_settings(config)
        if settings is not None:
            from pytest_reloadwatch.covering.measuring import AsWorker, measure

            measure(config, life, settings, recorder)
            config.pluginmanager.register(AsWorker())

    return cold.join_run(config, told, prepare)


def _open_events(path: str | None) -> Events:
    try:
        return Events(path)
    except OSError as error:
        raise pytest.UsageError(f"--reload-events: {path} cannot be written: {error.strerror or error}") from error


def _covering_settings(config: pytest.Config) -> Settings | None:
    """None without --cov; then nothing of coverage is imported."""
    chosen = config.known_args_namespace
    if chosen.reload_cov_min is not None and not chosen.reload_cov_diff:
        raise pytest.UsageError("--reload-cov-min is about changed lines: add --reload-cov-diff")
    if not getattr(chosen, "cov_source", None):
        if chosen.reload_cov_diff:
            raise pytest.UsageError("--reload-cov-diff reports what is measured: add --cov (of pytest-cov)")
        return None
    from pytest_reloadwatch.covering.settings import from_config

    return from_config(config)


@contextlib.contextmanager
def _removed_at_the_end(directory: str) -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _become_root(
    config: pytest.Config,
    options: Options,
    first_party: FirstParty,
    address: str,
    reports: str,
    covering: Settings | None,
) -> Run:
    """Freeze at once; every run goes on from here, or from a checkpoint that a run has left."""
    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.purity import Purity
    from pytest_reloadwatch.rewind.recording import begin_run
    from pytest_reloadwatch.rewind.timeline import Timeline

    recorder = Recorder(first_party)
    timeline = Timeline(address, config, recorder, Purity(recorder, options.allow), marks_in(reports))
    if options.parallel:  # ahead of the freeze, for it takes a while to import
        from pytest_reloadwatch.parallel.distribution import Distribution
        from pytest_reloadwatch.parallel.forks import Forks, import_ahead
        from pytest_reloadwatch.parallel.meeting import Meeting

        import_ahead()
    timeline.hibernate_as_root()
    try:
        if covering is not None:
            from pytest_reloadwatch.covering.measuring import measure

            measure(config, timeline, covering, recorder)  # before the run, whose hooks are to be around its
        run = begin_run(config, timeline, recorder, reports)
        if options.parallel:
            forks, meeting = Forks(run, timeline, config), Meeting(address, reports)
            config.pluginmanager.register(Distribution(run, timeline, recorder, meeting, forks, config))
    except KeyboardInterrupt:
        raise SystemExit(pytest.ExitCode.INTERRUPTED) from None  # a change came at once: the controller tells of it
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
    covering: Settings | None,
    *,
    is_anew: bool,
) -> NoReturn:
    from pytest_reloadwatch.proof.store import open_store
    from pytest_reloadwatch.rewind.bytecode import discard_recent
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.changes import Restart
    from pytest_reloadwatch.session.controller import Controller
    from pytest_reloadwatch.session.environment import environment_digest, scope_digest
    from pytest_reloadwatch.session.reports import Reports
    from pytest_reloadwatch.watch.watchers import make_watcher

    screen = _make_screen(notifies=options.notify)
    if getattr(config.known_args_namespace, "cacheclear", False):  # the cache plugin may be off
        with contextlib.suppress(OSError):
            _compat.clear_cache(cache_dir)
    measuring = covering.digest if covering is not None else ""
    environment, scope = environment_digest(config, arguments) + measuring, scope_digest(config)
    store, complaint = open_store(os.path.join(cache_dir, STORE), environment, scope)
    if complaint:
        screen.note(complaint)
    if leaving_out := _compat.leaving_out(config):
        screen.note(f"{', '.join(leaving_out)}: what failed last time runs first, and nothing is left out for it")
    book = Book(store, environment, scope, first_party)
    book.silent_reads.follow_marks(marks_in(reports))
    beginning = Beginning(config, first_party, covering, is_anew=is_anew)
    book.tree.track(beginning.keys)
    book.rest_on(beginning.modules)
    discard_recent(beginning.modules)
    if options.elsewhere:
        book.following.follow_everything()
    if covering is not None and workers is not None:
        screen.note(
            "--cov measures what each run executes here: figures of the whole suite need --reload-engine=rewind"
        )
        covering = None
    clients = None if options.once else _listen(beginning.rootdir, inherited, screen)
    controller = Controller(
        options=options,
        beginning=beginning,
        book=book,
        make_watcher=functools.partial(make_watcher, options.poll),
        screen=screen,
        events=events,
        internal=internal,
        clients=clients,
        reports=Reports(reports),
        workers=workers,
        covering=_make_covering(covering, book, environment, screen) if covering is not None else None,
        junit=_make_junit(config, screen),
    )
    try:
        code = controller.serve()
    except Restart as restart:
        print(f"\nreloadwatch: starting over: {restart}", flush=True)  # noqa: T201 - the screen is closed by now
        _pass_listener(clients)
        shutil.rmtree(reports, ignore_errors=True)
        os.chdir(config.invocation_params.dir)  # it may be a new directory of the same name
        os.environ[ANEW] = "1"
        code = _start_over()
    flush_streams()
    raise SystemExit(code)


def _make_covering(settings: Settings, book: Book, environment: str, screen: Screen) -> Covering:
    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.exceptions import StoreUnusableError
    from pytest_reloadwatch.proof.store import Store

    try:
        made = Covering(settings, book.store, environment, book.tree, screen.note, book.source)
    except StoreUnusableError as error:
        screen.note(f"the store cannot keep coverage ({error}): what is covered is known for this session only")
        made = Covering(settings, Store(None), environment, book.tree, screen.note, book.source)
    book.ask_for_executed(made.executed)
    return made


def _make_junit(config: pytest.Config, screen: Screen) -> Junit | None:
    settings = _compat.junit_settings(config)
    if settings is None:
        return None
    from pytest_reloadwatch.session.junit import Junit

    return Junit(settings, screen.note)


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
    if os.name != "nt":
        os.execv(sys.executable, command())
    import subprocess

    return subprocess.call(command())


def _become_worker(config: pytest.Config, order: str) -> NoReturn:
    """Run pytest for the controller that has started this process, as often as it says."""
    from pytest_reloadwatch.worker.worker import serve

    address, reports, *lifeline = order.split(os.pathsep)
    first_party = FirstParty(str(config.rootpath), _compat.cache_directory(config))
    serve(config, first_party, address, reports, "".join(lifeline))


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
