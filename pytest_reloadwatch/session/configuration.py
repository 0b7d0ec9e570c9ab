"""What configuration files tell pytest."""

from __future__ import annotations

import ast
import os
import sys
from typing import Any

import iniconfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def pytest_part(path: str) -> Any:
    """The pytest part of a configuration file; raises what its parser raises. Absent files have none."""
    if not os.path.exists(path):
        return None
    if path.endswith(".toml"):
        with open(path, "rb") as file:
            found = tomllib.load(file)
        return found.get("tool", {}).get("pytest") if os.path.basename(path) == "pyproject.toml" else found
    if path.endswith((".ini", ".cfg")):
        sections = iniconfig.IniConfig(path).sections
        return sections.get("tool:pytest" if path.endswith(".cfg") else "pytest")
    if path.endswith(".py"):
        with open(path, "rb") as file:
            ast.parse(file.read(), path)
    return None
