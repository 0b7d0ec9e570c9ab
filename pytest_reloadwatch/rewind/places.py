"""Where a failure is, as people and editors jump to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def failure_place(report: pytest.TestReport | pytest.CollectReport, root: os.PathLike[str]) -> str:
    """The line that raised, where it is one of the project, else that of the test: file:line below *root*."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        path = os.path.relpath(os.path.join(root, str(crash.path)), root)
        if not path.startswith(os.pardir) and "site-packages" not in path:
            return f"{path}:{crash.lineno}"
    file, line = (report.location or ("", None, ""))[:2]
    return f"{file}:{line + 1}" if line is not None else file
