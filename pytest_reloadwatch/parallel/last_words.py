"""What a worker of a run tells the controller at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_reloadwatch.rewind.life import Life


class LastWords:
    """After all other plugins, and before the run hears that this worker has finished."""

    def __init__(self, life: Life) -> None:
        self._life = life

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self._life.report()
