"""What executes again is compiled from source: a bytecode file of the same second may be of an older one."""

from __future__ import annotations

import contextlib
import os
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@contextlib.contextmanager
def compiled_from_source(is_own: Callable[[str], bool]) -> Iterator[None]:
    """No bytecode file of a source for which *is_own* holds is read or written, by whatever loader of importlib's.

    That ``path_stats`` may raise OSError, and that bytecode is not used then, is importlib's documented interface.
    """
    original = SourceFileLoader.path_stats

    def path_stats(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
        if is_own(os.path.abspath(path)):
            raise OSError("compiled from source")
        return original(self, path)

    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign] # see above
    try:
        with _compat.rewritten_from_source(is_own):
            yield
    finally:
        SourceFileLoader.path_stats = original  # type: ignore[method-assign]
