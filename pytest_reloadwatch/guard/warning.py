"""The category of what the guard warns of; apart, for it is imported wherever a warnings filter names it."""

from __future__ import annotations

import pytest


class ReloadGuardWarning(pytest.PytestWarning):
    """A test or fixture left modules in another state than it found them in."""
