"""A warm pytest session that re-executes only what changed and reruns only the affected tests."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
