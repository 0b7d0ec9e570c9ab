"""How far a conftest reaches: what it does at import, and some hooks, are felt by tests of every directory."""

from __future__ import annotations

import ast
import re

from pytest_reloadwatch.graph.imports import UNPARSABLE
from pytest_reloadwatch.graph.inert import WHOLE, extent

# Pytest calls these for what lies below the conftest's directory only; all others for the whole of a session.
_LOCAL = re.compile(
    r"pytest_(runtest_\w+|generate_tests|pycollect_\w+|pyfunc_call|make_parametrize_id|make_collect_report|collect_\w+"
    r"|collectstart|itemcollected|collectreport|ignore_collect|fixture_\w+|assert\w+|exception_interact)$"
)


def reaches_beyond(source: bytes) -> bool:
    """Whether tests outside of its directory can tell that this conftest was loaded."""
    try:
        body = ast.parse(source).body
    except UNPARSABLE:
        return False  # nothing of it executes
    hooks = (node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("pytest_"))
    return extent(source).strict != WHOLE or not all(map(_LOCAL.match, hooks))
