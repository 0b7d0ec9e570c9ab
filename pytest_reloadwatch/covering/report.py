"""The reports that were asked for, made in a process of their own: for some, plugins of coverage are imported."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import select
import signal
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from coverage.exceptions import CoverageException

from pytest_reloadwatch.covering._compat import reporter
from pytest_reloadwatch.covering.diff import diff_coverage
from pytest_reloadwatch.covering.settings import new_coverage
from pytest_reloadwatch.rewind.streams import flush_streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_reloadwatch.covering.edits import Edited
    from pytest_reloadwatch.covering.settings import Settings

_WIDTH = 80


@dataclass(frozen=True)
class Wanted:
    """*note* says what is wrong with the figures, *edited* are files of which more is told, *has_failed* the suite."""

    settings: Settings
    note: str
    edited: Sequence[Edited]
    has_failed: bool

    @property
    def is_wanted(self) -> bool:
        """Whether pytest-cov would report, or fail the run."""
        options = self.settings.options
        asked_for = options["cov_report"] or self.settings.fail_under > 0
        return bool(asked_for) and not (self.has_failed and options["no_cov_on_fail"])


@dataclass(frozen=True)
class Totals:
    """In percent: what is covered of all, and of the lines that the diff changed; None where nobody asked."""

    total: float | None = None
    diff: float | None = None


class Reporting:
    """A report that is being made."""

    def __init__(self, wanted: Wanted) -> None:
        self._pid = 0
        self._pipe = -1
        self._totals = Totals()
        if not hasattr(os, "fork"):
            self._totals = _report(wanted)
            return
        flush_streams()
        self._pipe, sender = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _become_reporter(wanted, sender)
        os.close(sender)

    def wait(self, wake: int = -1) -> Totals | None:
        """What it came to; None where it is not done yet and there is something to read from the descriptor *wake*."""
        if self._pid:
            watched = [self._pipe, *([wake] if wake >= 0 else [])]
            if self._pipe not in select.select(watched, [], [])[0]:
                return None
            with os.fdopen(self._pipe, "rb") as pipe:
                told = pipe.read()
            self._reap()
            self._totals = Totals(**json.loads(told)) if told else Totals()
        return self._totals

    def cancel(self) -> None:
        """There are other figures by now."""
        if self._pid:
            is_over = bool(select.select([self._pipe], [], [], 0)[0])  # then its number may be another process's
            if not is_over:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            os.close(self._pipe)
            self._reap()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):  # the session may have done so
            os.waitpid(self._pid, 0)
        self._pid = 0


def _become_reporter(wanted: Wanted, sender: int) -> NoReturn:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.write(sender, json.dumps(vars(_report(wanted))).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        flush_streams()
        os._exit(0)


def _report(wanted: Wanted) -> Totals:
    settings = wanted.settings
    measured = new_coverage(settings.options, data_file=settings.data_file)
    measured.load()
    total = diff = None
    if wanted.is_wanted:
        total = _report_all(wanted, measured)
    elif wanted.note:
        _say(f"coverage is {wanted.note}")
    for edited in wanted.edited:
        _say(edited.describe(*_analyse(measured, edited.path), settings.directory))
    if settings.diff:
        diff = _report_diff(settings, measured)
    return Totals(total, diff)


def _say(text: str) -> None:
    sys.stdout.write(f"reloadwatch: {text}\n")


def _report_all(wanted: Wanted, measured: Any) -> float:
    """As pytest-cov does."""
    settings = wanted.settings
    out = io.StringIO()
    try:
        options = argparse.Namespace(**settings.options)
        total = float(reporter(options, measured, settings.directory).summary(out))
    except CoverageException as error:
        out.write(f"WARNING: Failed to generate report: {error}\n")
        total = 0.0
    if settings.options["cov_report"]:
        sys.stdout.write(f"\n{' tests coverage '.center(_WIDTH, '=')}\n{out.getvalue()}")
    if wanted.note:
        _say(f"this coverage is {wanted.note}")
    if settings.fail_under > 0:
        _tell_limit(settings, total)
    return total


def _tell_limit(settings: Settings, total: float) -> None:
    """In pytest-cov's words."""
    fails = is_below(settings, total)
    sys.stdout.write(
        f"{'FAIL ' if fails else ''}Required test coverage of {settings.options['cov_fail_under']}%"
        f" {'not reached' if fails else 'reached'}. Total coverage: {total:.2f}%\n"
    )


def _analyse(measured: Any, path: str) -> tuple[list[int], list[int]]:
    """The statements of a file, and those that are not executed."""
    try:
        _, statements, _, missing, _ = measured.analysis2(path)
    except CoverageException:
        return [], []
    return statements, missing


def _report_diff(settings: Settings, measured: Any) -> float | None:
    found = diff_coverage(settings.diff, settings.directory, lambda path: _analyse(measured, path), measured)
    for line in found.describe(settings.directory):
        _say(line)
    return found.percent


def is_below(settings: Settings, total: float) -> bool:
    """Whether *total* is less than what is required, as coverage judges it."""
    from coverage.results import should_fail_under

    return bool(should_fail_under(total, settings.fail_under, settings.options["cov_precision"]))
