"""Where a test failed, and how, in one line: for those who have no terminal in front of them, and to jump to."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

LONGEST = 300  # characters of a message
_PLACE = re.compile(r"^(?P<path>[^\s:][^:\n]*\.py):(?P<line>\d+): ", re.MULTILINE)
_SYNTAX = re.compile(r'^E\s+File "(?P<path>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)
_ERROR = re.compile(r"^E\s+(?P<message>\w[\w.]*(?:: .*|Error|Exception))$", re.MULTILINE)


def crash_of(report: pytest.TestReport | pytest.CollectReport, path: str) -> tuple[str, int, str]:
    """Path, line and message of a failing report; *path* is that of its file, where the report has no better."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and crash.lineno > 0:
        return os.path.abspath(str(crash.path)), int(crash.lineno), _shortened(str(crash.message))
    text = str(report.longrepr or "")
    error = _ERROR.findall(text)
    message = error[-1] if error else text.strip().splitlines()[-1] if text.strip() else report.outcome
    place = list(_SYNTAX.finditer(text)) or list(_PLACE.finditer(text))
    if not place:
        return path, 1, _shortened(message)
    return os.path.abspath(place[-1]["path"]), int(place[-1]["line"]), _shortened(message)


def failure_place(report: pytest.TestReport | pytest.CollectReport, root: os.PathLike[str]) -> str:
    """The line that raised, where it is one of the project, else that of the test: file:line below *root*."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        path = os.path.relpath(os.path.join(root, str(crash.path)), root)
        if not path.startswith(os.pardir) and "site-packages" not in path:
            return f"{path}:{crash.lineno}"
    file, line = (report.location or ("", None, ""))[:2]
    return f"{file}:{line + 1}" if line is not None else file


def _shortened(message: str) -> str:
    """Its first line."""
    first = message.strip().partition("\n")[0]
    return first if len(first) <= LONGEST else first[: LONGEST - 1] + "…"
