"""Which modules to import ahead of time before a hot module, and where that still fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_reloadwatch.graph.closure import ImportGraph
    from pytest_reloadwatch.rewind.choice import Checkpoint
    from pytest_reloadwatch.rewind.messages import Hoist
    from pytest_reloadwatch.session.pool import Pool


class Hoister:
    def __init__(self, graph: ImportGraph, pool: Pool) -> None:
        self._graph = graph
        self._pool = pool
        self.executed: set[str] = set()

    def note_run(self, imports: list[tuple[str, str, str, str]], modules: dict[str, str]) -> None:
        pass

    def fits(self, checkpoint: Checkpoint) -> bool:
        return False

    def reject(self, pid: int) -> None:
        self._pool.retire(pid)

    def next_hoist(self, hot: list[str]) -> tuple[int, Hoist] | None:
        return None
