"""The plugin inside a run: prunes what is proven, freezes at the right moments, and reports verdicts."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.exceptions import HoistMismatchError
from pytest_reloadwatch.options import asks_for_workers
from pytest_reloadwatch.proof.filter import Filter
from pytest_reloadwatch.proof.model import worst
from pytest_reloadwatch.record.waiting import Waiting
from pytest_reloadwatch.rewind.choice import PRUNED
from pytest_reloadwatch.rewind.crash import crash_of, failure_place
from pytest_reloadwatch.rewind.documents import Documents
from pytest_reloadwatch.rewind.messages import (
    CollectFailed,
    Collecting,
    Collection,
    ConftestFailed,
    Failed,
    Planned,
    Stopped,
    TestEnded,
    TestStarted,
    Unwatched,
)
from pytest_reloadwatch.rewind.ordering import Ordering
from pytest_reloadwatch.rewind.quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from pytest_reloadwatch.record.importing import Importing
    from pytest_reloadwatch.record.owners import Owners
    from pytest_reloadwatch.record.recorder import Owner
    from pytest_reloadwatch.rewind.finder import RewindFinder
    from pytest_reloadwatch.rewind.life import Life

PLAIN_NODEID = pytest.StashKey[str]()  # of a test to whose nodeid xdist has appended the name of its group
MOST_TEXT = 20_000  # characters of a failure that are kept for the person
_OF_FILES = {"passed": "ok", "skipped": "skipped", "failed": "error"}


class Run:
    """Hooks of one pytest process; a process that continues from a checkpoint has this object too."""

    def __init__(
        self, timeline: Life, finder: RewindFinder, owners: Owners, importing: Importing, config: pytest.Config
    ) -> None:
        self.left_out: list[str] = []  # of the tests that were collected
        self.worker = ""  # the name that xdist has given to this process, where it is one of several
        self._timeline = timeline
        self._finder = finder
        self._owners = owners
        self._importing = importing
        self._config = config
        self._at = ""  # the test that runs
        self._outcomes: list[str] = []
        self._seconds = 0.0
        self._shares = asks_for_workers(config) or hasattr(config, "workerinput")
        self._waiting = Waiting() if self._shares else None  # it costs each test a look at the system
        self._teardown_failed = False
        self._crash: tuple[str, int, str] | None = None
        self._files: dict[str, tuple[str, str]] = {}
        self._documented: set[str] = set()  # those of them of whose text tests are made
        self._codes_told = 0  # to the controller
        self._documents: Documents | None = None
        self._exact = _files_with_parts(config)
        self._quiet = Quiet(config)
        self._adopt_order()
        timeline.on_resume.append(self._on_resume)

    @property
    def _run(self) -> int:
        return self._timeline.order.run

    def _adopt_order(self) -> None:
        order = self._timeline.order
        self._prune = frozenset(order.prune)
        self._proven = frozenset(order.proven)
        self._only = None if order.only is None else frozenset(order.only)
        self._view = Filter(*order.view)
        self._set_options()
        self._as_before = frozenset(order.as_before)
        self._importing.is_wanted = not order.imports_as_before
        self._ordering = Ordering(order, self._config)
        self._quiet.keep(order.quiet)

    def _set_options(self) -> None:
        """Also once more when the command line has been parsed, after the first checkpoint."""
        order = self._timeline.order
        most = getattr(self._config.known_args_namespace, "maxfail", 0)
        _compat.stop_at(self._config, 1 if order.fail_fast else most)
        _compat.ask_for_all(self._config)
        if order.freeze and not self._shares:  # inline-snapshot leaves alone what several processes run
            _compat.ask_for_no_snapshots(self._config)
        if order.update_snapshots:
            _compat.update_snapshots(self._config)

    def _on_resume(self) -> None:
        self._finder.imports = []
        self._finder.costs.begin_run()
        self._codes_told = 0
        self._adopt_order()
        _compat.refresh_early_state(self._config)

    # Start

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self._set_options()
        # A file that cannot be imported hides no other file's tests.
        config.option.continue_on_collection_errors = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """By now there is somebody who prints."""
        self._quiet.keep(self._timeline.order.quiet)

    @contextlib.contextmanager
    def beginning(self) -> Iterator[None]:
        """Around what pytest does before it has a session: the controller is told what ends it there."""
        try:
            yield
        except KeyboardInterrupt:
            raise SystemExit(pytest.ExitCode.INTERRUPTED) from None  # the controller tells what it is about
        except BaseException as error:
            self._explain(error)
            raise

    def _explain(self, error: BaseException) -> None:
        """Which conftest could not be imported, where *error* says so."""
        path = getattr(error, "path", None)
        if path is not None and type(error).__name__ == "ConftestImportFailure":
            self._timeline.report()
            self._timeline.send(ConftestFailed(self._run, str(path)))

    # Collection

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        self._timeline.before_collection()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        is_file = isinstance(collector, pytest.File) and not isinstance(collector, pytest.Package)
        if is_file and not self.worker and not self._is_pruned(str(collector.path)):
            self._timeline.send(Collecting(self._run, str(collector.path), collector.nodeid))
        report = yield
        self._importing.end()
        path = str(getattr(collector, "path", ""))
        if report.failed and not self.worker:
            call = getattr(report, "call", None)
            seconds, crash = getattr(call, "duration", 0.0), crash_of(report, path)
            self._timeline.send(CollectFailed(self._run, path, collector.nodeid, seconds, crash))
            if not is_file:  # a directory, by its conftest: what lies below is not collected
                self._note_collected(os.path.join(path, ""), collector.nodeid, "error")
        if is_file and not _compat.is_of_modules(collector):
            self._documented.add(path)
        if is_file and self._timeline.collected.get(path) != PRUNED:
            self._note_collected(path, collector.nodeid, _OF_FILES[report.outcome])
        return report

    def _note_collected(self, path: str, nodeid: str, outcome: str) -> None:
        """Several collectors may share a file: one that fails makes it an error."""
        known = self._files.get(path, (nodeid, "ok"))
        self._files[path] = (nodeid, outcome) if known[1] in ("ok", outcome) or outcome == "error" else known
        self._timeline.collected[path] = "error" if self._files[path][1] == "error" else "ok"

    def prune(self, collector: pytest.Collector) -> pytest.CollectReport | None:
        """An empty report for a file that need not be looked into."""
        if not isinstance(collector, pytest.File) or isinstance(collector, pytest.Package):
            return None
        path = str(collector.path)
        if not self._is_pruned(path):
            return None
        self._timeline.collected[path] = PRUNED
        self._files.pop(path, None)  # doctest's collector may have come through, where time went back to its import
        return _compat.empty_collect_report(collector)

    def _is_pruned(self, path: str) -> bool:
        # A file of which the command line names a part must have that part, or pytest reports an error.
        return path in self._prune and path not in self._exact

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        """Files that were collected before the checkpoint was left are passed over as those that lie ahead of it."""
        items[:] = [item for item in items if not self._is_pruned(str(item.path))]
        self._files = {path: file for path, file in self._files.items() if not self._is_pruned(path)}
        return (yield)

    # Tests

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        self._importing.end()
        self._check_shelf()
        if not self._prune and self._only is None:  # worth it only where everything is collected
            self._timeline.freeze("after collection")
        if not self.worker:  # else the run has reported the same
            self._report_collection(session)
        self._timeline.collecting = False
        self._timeline.randomness.reseed()
        self.select(session)
        if not self.worker:
            self._timeline.send(Planned(self._run, len(session.items)))
        gc.unfreeze()  # what a fork froze must be seen by tests that look at, or rely on, garbage collection
        if obstacle := self._owners.start_watching():
            self._timeline.send(Unwatched(self._run, obstacle))
        try:
            return (yield)
        finally:
            self._owners.stop_watching()

    def _check_shelf(self) -> None:
        try:
            self._timeline.shelf.check_empty()
        except HoistMismatchError as mismatch:
            self._timeline.abandon(str(mismatch))

    def _report_collection(self, session: pytest.Session) -> None:
        self._timeline.report()
        self._timeline.send(
            Collection(
                run=self._run,
                files=[(path, nodeid, outcome) for path, (nodeid, outcome) in self._files.items()],
                items=[(item.nodeid, str(item.path)) for item in session.items],
                markers={item.nodeid: marks for item in session.items if (marks := _markers(item))},
                roots=list(self._finder.first_party_places()),
                imports=self._finder.imports,
                importing=round(self._finder.costs.busy(), 6),
                modules=[] if self._prune else list(sys.modules),
                mark=self._timeline.leave_mark(),
                texts=sorted(self._documented),
            )
        )

    def select(self, session: pytest.Session) -> None:
        """Leave what is to run, in the order in which it is to."""
        wanted = [item for item in session.items if self._is_wanted(item)]
        self._documents = documents = Documents(session.config)
        wanted = documents.complete(wanted, session.items)
        self.left_out = [item.nodeid for item in set(session.items).difference(wanted)]
        session.items[:] = self._ordering.sort(wanted, documents)
        session.testscollected = len(session.items)

    def _is_wanted(self, item: pytest.Item) -> bool:
        if self._view and not self._view.lets_through(item.nodeid, _markers(item)):
            return False
        if self._only is not None:
            return item.nodeid in self._only
        return str(item.path) not in self._prune and item.nodeid not in self._proven

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        self._outcomes, self._seconds, self._teardown_failed, self._crash = [], 0.0, False, None
        nodeid = self._at = _plain_nodeid(item)
        self._timeline.send(TestStarted(self._run, nodeid, str(item.path), worker=self.worker))
        if self._waiting is not None:
            self._waiting.begin()
        self._owners.begin_test(item, is_known=nodeid in self._as_before)
        try:
            result = yield
        except BaseException:  # the run ends: no verdict
            self._owners.end_test()
            raise
        owner = self._owners.end_test()
        if self._outcomes:
            outcome = worst(self._outcomes)
            self._tell(item, outcome, owner, with_next=nextitem is not None)
            self.note(_plain_nodeid(item), outcome)
        return result

    def note(self, nodeid: str, outcome: str) -> None:
        """A test has a verdict."""
        self._ordering.note(nodeid, outcome)

    def tell_unseen(
        self, nodeid: str, path: str, outcome: str, reports: Sequence[pytest.TestReport] = (), worker: str = ""
    ) -> None:
        """A verdict from where nobody recorded what it rests on, or, without *reports*, the end of a worker."""
        failed = [report for report in reports if report.failed]
        if failed:
            self.tell_failure(failed[-1], nodeid)
        self._timeline.send(
            TestEnded(
                run=self._run,
                nodeid=nodeid,
                path=path,
                outcome=outcome,
                seconds=sum(report.duration for report in reports),
                keys=[],
                opaque=True,
                worker=worker,
                unseen=True,
                crash=crash_of(failed[-1], path) if failed else None,
            )
        )

    def _waited(self) -> float | None:
        waited = None if self._waiting is None else self._waiting.seconds()
        return None if waited is None else min(waited, self._seconds)

    def _tell(self, item: pytest.Item, outcome: str, owner: Owner, *, with_next: bool) -> None:
        if self._owners.has_news():
            self._timeline.report()  # the run may end at any time, and then its verdicts stand
        new = self._owners.code_since(self._codes_told)
        self._codes_told += len(new)
        self._timeline.send(
            TestEnded(
                run=self._run,
                nodeid=_plain_nodeid(item),
                path=str(item.path),
                outcome=outcome,
                seconds=self._seconds,
                waited=self._waited(),
                keys=sorted(owner.keys),
                opaque=owner.opaque,
                read=sorted(owner.read),
                teardown_failed=self._teardown_failed,
                executed=None if owner.executed is None else list(owner.executed),
                functions=new,
                as_before=_plain_nodeid(item) in self._as_before,
                worker=self.worker,
                crash=self._crash,
                silent=sorted(owner.silent),
                covered=self._owners.is_covered,
                is_part=self._documents is not None and self._documents.of(item) is not None,
                set_ups=list(owner.set_ups.items()),
            ),
            with_next=with_next,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self.worker and _is_shown(report) and self._timeline.is_interrupted():
            _compat.begin_line(self._config, report.nodeid)
        if hasattr(report, "node"):
            return  # of a worker, which has told by itself
        if report.when == "setup":  # a plugin that repeats tests starts again: the last attempt counts
            self._outcomes = []
        if report.failed:
            self._crash = crash_of(report, os.path.join(self._config.rootpath, report.location[0]))
            self.tell_failure(report, self._at or report.nodeid)
        self._seconds += report.duration
        self._teardown_failed = report.failed and report.when == "teardown"
        outcome = outcome_of(report)
        if outcome:
            self._outcomes.append(outcome)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.worker:
            self.tell_failure(report, report.nodeid)

    def tell_failure(self, report: pytest.TestReport | pytest.CollectReport, nodeid: str) -> None:
        """What pytest prints about it."""
        place = failure_place(report, self._config.rootpath)
        self._timeline.send(Failed(self._run, nodeid, report.longreprtext[-MOST_TEXT:], place))

    # The end

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """The terminal's Ctrl-C has been heard: the controller's, which may follow it, would end the report of it."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        excinfo.traceback = excinfo.traceback.filter(has_line)
        if self._timeline.is_cancelled():
            self._quiet.fall_silent()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Outermost, so after the summary: nobody has to wait for what comes then."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all that there was to interrupt is over
        self._timeline.put_off_removal()
        result = yield
        self._timeline.report()
        self._timeline.prepare_end()
        if self.worker:
            return result
        self._timeline.send(Stopped(self._run, int(session.exitstatus)))
        return result


class Pruner:
    """Answers for pruned files before any plugin looks into them; apart, for a hook has one implementation here."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> pytest.CollectReport | None:
        return self._run.prune(collector)


def has_line(entry: Any) -> bool:
    """Whether pytest can show it: an interrupt may come amid what belongs to none since Python 3.11."""
    try:
        return entry.lineno is not None
    except TypeError:
        return False


def _markers(item: pytest.Item) -> list[str]:
    return sorted({mark.name for mark in item.iter_markers()})


def _plain_nodeid(item: pytest.Item) -> str:
    return item.stash.get(PLAIN_NODEID, item.nodeid)


def _is_shown(report: pytest.TestReport) -> bool:
    """Whether pytest's reporter writes anything about this phase."""
    return report.when == "call" or report.outcome != "passed"


def outcome_of(report: pytest.TestReport) -> str:
    """This phase's outcome in the words of the outside interface; empty for what says nothing yet."""
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return report.outcome if report.outcome in ("passed", "skipped") else ""


def _files_with_parts(config: pytest.Config) -> frozenset[str]:
    arguments = getattr(config.known_args_namespace, "file_or_dir", None) or []
    start = str(config.invocation_params.dir)
    return frozenset(os.path.abspath(os.path.join(start, str(a).split("::")[0])) for a in arguments if "::" in str(a))
