"""The plain terminal: a line for what changed, a line for where the project stands, and keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.session.wording import count
from pytest_reloadwatch.terminal.keys import NoKeys, make_keys
from pytest_reloadwatch.terminal.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_reloadwatch.session.screen import Summary
    from pytest_reloadwatch.terminal.notify import Notifier

_SHOWN = 3
_LISTED = 10
_PAGE = 30  # reasons
_HELP = """
  Enter   rerun what is affected or fails
  a       run all tests
  f       run only what fails
  p       filter by file
  t       filter by test name
  m       filter by marker
  c       clear the filter
  d       direct tests only, on and off
  x       stop at the first failure, on and off
  i       step through the failures
  v       print the failures again
  w       why these tests and modules ran
  o       pause, go on
  s       save what is proven; say what was saved
  u       update snapshots of failing tests
  r       start over in a new process
  q       quit
  Ctrl-C  end the run; when idle, the session

  proven: the verdict is known for the files as they are now
  direct: the test executed or read what changed; others only import it
"""


class PlainScreen:
    """Writes to *out*; takes keys where both *out* and standard input are a terminal. *notifier* tells the desktop."""

    def __init__(self, out: Any = None, notifier: Notifier | None = None) -> None:
        self._notifier = notifier
        self._out = out or sys.stdout
        self._color = self._out.isatty() and "NO_COLOR" not in os.environ
        self._keys = make_keys(self._out)
        self._prompt = ""
        self._explained = 0  # reasons, by the last key
        self.has_keys = not isinstance(self._keys, NoKeys)
        self.take_terminal()

    def fileno(self) -> int:
        return self._keys.fileno()

    def key(self) -> str:
        return self._keys.key()

    def give_up_terminal(self) -> None:
        self._keys.give_up()

    def take_terminal(self) -> None:
        self._keys.take()

    def note(self, text: str) -> None:
        self._line(f"reloadwatch: {text}", "33")

    def died(self, text: str) -> None:
        self._line(f"\nreloadwatch: {text}", "33")

    def said(self, text: str) -> None:
        self._write_line(f"\n{text}", "")

    def changed(self, paths: Sequence[str], modules: int, tests: int, known: int) -> None:
        names = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
        if not tests:
            self._line(f"\n{names} → nothing to run: proven before", "36")
            return
        what = f"{count(modules, 'module')} re-executed, {tests} of {count(known, 'test')}"
        self._line(f"\n{names} → {what}", "36")

    def summary(self, summary: Summary) -> None:
        color = "32" if summary.exit_code == 0 and not summary.unproven else "31" if summary.failing else "33"
        interrupted = "interrupted; " if summary.interrupted else ""
        self._line(f"reloadwatch: {interrupted}{_standing(summary)} {_effort(summary)}", color)
        if len(summary.failing) == 1 and self.has_keys and (place := summary.places.get(summary.failing[0])):
            self._line(f"  {place}", "31")
        if len(summary.failing) > 1:
            for nodeid in summary.failing[:_LISTED]:
                place = summary.places.get(nodeid, "")
                self._line(f"  {nodeid}" + (f" at {place}" if place else ""), "31")
            if len(summary.failing) > _LISTED:
                self._line(f"  and {len(summary.failing) - _LISTED} more", "31")

    def waiting(self, poll: str, warmth: str = "", on: Sequence[str] = ()) -> None:
        if poll:
            self.note(poll)
        for text in on:
            self._line(f"reloadwatch: {text}", "33")
        if self.has_keys:
            if warmth:
                self._line(f"reloadwatch: {warmth}", "2")
            self._line("reloadwatch: waiting for changes; ? for help, q to quit", "2")

    def why(self, reasons: Sequence[str]) -> None:
        """A page of them; the next one where nothing else has been shown since."""
        begin = self._explained if self._explained < len(reasons) else 0
        if not reasons:
            self._line("reloadwatch: nothing has run since the last change", "2")
        elif not begin:
            self._line("reloadwatch: why each ran; a ← b: a rests on b, by an import or by reading it", "2")
        for reason in reasons[begin : begin + _PAGE]:
            self._line(f"  {reason}", "")
        if left := len(reasons[begin + _PAGE :]):
            advice = "w shows the next, python -m pytest_reloadwatch why NODEID those of one test"
            self._line(f"  and {left} more: {advice}", "2")
        self._explained = begin + _PAGE if left else 0

    def notify(self, summary: Summary) -> None:
        if self._notifier is not None:
            self._notifier.tell(_standing(summary), fails=summary.exit_code not in (0, 5))

    def progress(self, text: str, *, again: bool) -> None:
        self._line(("" if again else "\n") + f"reloadwatch: {text}", "2")

    def failures(self, failures: Sequence[tuple[str, str, str]]) -> None:
        if not failures:
            self._line("reloadwatch: nothing that this session has seen fails", "2")
        for nodeid, text, place in failures:
            self._line(f"\n{nodeid}" + (f" at {place}" if place else ""), "31")
            self._write_line(text, "")  # in the width that pytest had for it

    def prompt(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        shown = text if len(text) <= width else text[: width - 3] + "..."
        self._write("\r" + shown.ljust(len(self._prompt)) + ("" if text else "\r"))
        self._prompt = shown

    def help(self) -> None:
        self._line(_HELP, "")

    def close(self) -> None:
        self.give_up_terminal()
        if self._notifier is not None:
            self._notifier.close()

    def _line(self, text: str, color: str) -> None:
        """Words of ours: in a terminal lines end between them."""
        self._write_line(wrap(text, shutil.get_terminal_size().columns) if self._out.isatty() else text, color)

    def _write_line(self, text: str, color: str) -> None:
        self._explained = 0
        if self._color and color:
            text = f"\033[{color}m{text}\033[0m"
        prompt, self._prompt = self._prompt, ""
        blank = f"\r{' ' * len(prompt)}\r" if prompt else ""
        self._write(f"{blank}{text}\n{prompt}")
        self._prompt = prompt

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)
            self._out.flush()


def _standing(summary: Summary) -> str:
    if summary.problem:
        return summary.problem
    known = count(summary.known, "test")
    if len(summary.failing) == 1:
        text = f"1 of {known} fails: {summary.failing[0]}"
    elif summary.failing:
        text = f"{len(summary.failing)} of {known} fail"
    elif summary.unproven:
        text = f"{summary.known - summary.unproven} of {known} proven"
    else:
        return f"all {known} proven" if summary.known > 1 else "the only test proven" if summary.known else "no tests"
    if summary.unproven:
        text += f"; {summary.unproven} not proven"
    if summary.filter and summary.held_back:
        which = "all" if summary.held_back == summary.unproven else f"{summary.held_back} of them"
        text += f", {which} out of the filter ({summary.filter})"
    return text


def _effort(summary: Summary) -> str:
    return f"({summary.ran} run, {count(summary.reexecuted, 'module')} re-executed, {summary.seconds:.2f} s)"
