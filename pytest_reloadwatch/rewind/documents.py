"""Documents: tests of a file that go on from each other, as examples in a text, cells of a notebook, or steps do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

Place = tuple[int, int]
_WITHOUT_MEANING = frozenset({"parametrize", "usefixtures", "filterwarnings", "skip", "skipif", "xfail"})


class Documents:
    """Of one run: which tests belong together. Nobody but its collector knows what the parts of a document share.

    Where a plugin or a conftest hears how tests come out and has a say before others begin, its marked tests
    count as parts too.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._has_steps = bool(
            _plugins(config.hook.pytest_runtest_makereport) & _plugins(config.hook.pytest_runtest_setup)
        )

    def complete(self, wanted: list[pytest.Item], items: Iterable[pytest.Item]) -> list[pytest.Item]:
        """*wanted*, and of each document of which any part is wanted the others among *items*, in their order."""
        opened = {path for item in wanted if (path := self.of(item))}
        if not opened:
            return wanted
        chosen = set(wanted)
        return [item for item in items if item in chosen or self.of(item) in opened]

    def of(self, item: pytest.Item) -> Path | None:
        """The document that a test is a part of."""
        if _compat.stands_alone(item) and not (self._has_steps and _is_marked(item)):
            return None
        return item.path

    def places(self, items: Iterable[pytest.Item], places: Mapping[str, Place]) -> dict[Path, Place]:
        """Where each document has its turn: with the first of its parts."""
        found: dict[Path, Place] = {}
        for item in items:
            path, place = self.of(item), places.get(item.nodeid)
            if path is not None and place is not None:
                found[path] = min(place, found.get(path, place))
        return found


def _plugins(hook: Any) -> set[str]:
    """The names of those that implement *hook*, but for pytest and ourselves."""
    found = {(one.plugin_name, getattr(one.function, "__module__", "")) for one in hook.get_hookimpls()}
    return {name for name, module in found if not module.startswith(("_pytest.", "pytest_reloadwatch."))}


def _is_marked(item: pytest.Item) -> bool:
    return any(mark.name not in _WITHOUT_MEANING for mark in item.iter_markers())
