"""The reports that were asked for, made in a process of their own: for some, plugins of coverage are imported."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from coverage.exceptions import CoverageException

from pytest_reloadwatch.covering._compat import reporter
from pytest_reloadwatch.covering.settings import new_coverage
from pytest_reloadwatch.rewind.streams import flush_streams

if TYPE_CHECKING:
    from pytest_reloadwatch.covering.settings import Settings

_WIDTH = 80


def report(settings: Settings, note: str) -> float | None:
    """Print and write the reports; the total in percent, None where none could be made. Waits for all that."""
    if not hasattr(os, "fork"):
        return _report(settings, note)
    flush_streams()
    receiver, sender = os.pipe()
    pid = os.fork()
    if not pid:
        _become_reporter(settings, note, sender)
    os.close(sender)
    with os.fdopen(receiver, "rb") as pipe:
        told = pipe.read()
    with contextlib.suppress(ChildProcessError):  # the session may have reaped it
        os.waitpid(pid, 0)
    return float(told) if told else None


def _become_reporter(settings: Settings, note: str, sender: int) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    try:
        total = _report(settings, note)
        if total is not None:
            os.write(sender, repr(total).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        flush_streams()
        os._exit(0)


def _report(settings: Settings, note: str) -> float | None:
    out = io.StringIO()
    total = None
    try:
        measured = new_coverage(settings.options, data_file=settings.data_file)
        measured.load()
        options = argparse.Namespace(**settings.options)
        total = float(reporter(options, measured, settings.directory).summary(out))
    except CoverageException as error:
        out.write(f"WARNING: Failed to generate report: {error}\n")
        total = 0.0
    if settings.options["cov_report"] or total is None:
        sys.stdout.write(f"\n{' tests coverage '.center(_WIDTH, '=')}\n{out.getvalue()}")
        if note:
            sys.stdout.write(f"reloadwatch: this coverage is {note}\n")
    if settings.fail_under > 0:
        _tell_limit(settings, total or 0.0)
    return total


def _tell_limit(settings: Settings, total: float) -> None:
    """In pytest-cov's words."""
    fails = is_below(settings, total)
    sys.stdout.write(
        f"{'FAIL ' if fails else ''}Required test coverage of {settings.options['cov_fail_under']}%"
        f" {'not reached' if fails else 'reached'}. Total coverage: {total:.2f}%\n"
    )


def is_below(settings: Settings, total: float) -> bool:
    """Whether *total* is less than what is required, as coverage judges it."""
    from coverage.results import should_fail_under

    return bool(should_fail_under(total, settings.fail_under, settings.options["cov_precision"]))
