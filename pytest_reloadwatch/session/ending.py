"""How a run ended and what that says: pure, from what the run has told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.session.standing import INTERRUPTED

if TYPE_CHECKING:
    from pytest_reloadwatch.session.rounds import Current

INTERNAL_ERROR = 3
USAGE_ERROR = 4


def is_failure(current: Current) -> bool:
    """Whether the run ended before it came to any test."""
    code = current.exit_code
    died = code is None and not current.reached[0] and not current.is_shared
    return bool(current.conftest) or code in (INTERNAL_ERROR, USAGE_ERROR) or died


def failure_code(current: Current) -> int:
    """The exit code that stands for a run that failed in the sense of ``is_failure``."""
    code = current.exit_code
    if code is None:
        code = current.status or INTERNAL_ERROR
    is_cause = code > 1 or (code >= 0 and bool(current.conftest))
    return code if is_cause else INTERNAL_ERROR


def was_stopped(current: Current) -> bool:
    """Whether it left tests undone as asked: -x, --maxfail, pytest.exit, or Ctrl-C in the run alone."""
    return current.exit_code == INTERRUPTED or (current.exit_code == 1 and current.planned > len(current.record.ended))


def code_before_session(current: Current) -> int | None:
    """Pytest's exit code where it ended before its session began, with the reason on the screen by now."""
    code = None if current.reached[0] else current.status
    return code if code in (INTERRUPTED, INTERNAL_ERROR, USAGE_ERROR) else None
