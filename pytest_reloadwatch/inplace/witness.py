"""The witness: looks, after modules executed again, for objects of the old generation that something still holds."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch import _compat
from pytest_reloadwatch.inplace.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.inplace.generation import Generation


@dataclass(frozen=True, order=True)
class Stale:
    """An object of an older generation, in words, and who holds it.

    As text: ``list shop.registry.HANDLERS holds function shop.plugins.on_save of generation 1``.
    """

    holder: str
    verb: str
    object: str

    def __str__(self) -> str:
        return f"{self.holder} {self.verb} {self.object}"


def find_stale(generation: Generation, ignored: Iterable[object] = ()) -> tuple[Stale, ...]:
    """Who still holds something of *generation*, which is over; it cannot be restored after this.

    References out of *ignored* objects do not count, nor do those of frames, tracebacks and weak caches. An object
    that only its own generation reaches is gone: garbage is collected first, and what no longer exists costs nothing.
    """
    _compat.clear_typing_caches()
    gc.unfreeze()  # what somebody has frozen, as servers do before they fork, is neither collected nor found
    survivors = generation.release()
    if not survivors:
        return ()
    search = Search(survivors, frozenset(generation.numbers), ignored)
    return tuple(sorted({Stale(*words) for words in search.findings()}))
