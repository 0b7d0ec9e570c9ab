"""The environment of workers: looks at some variables, seen without a cost for all others; what libraries have set."""

from __future__ import annotations

import ctypes
import itertools
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def watch(names: Collection[str], seen: Callable[[], None]) -> None:
    """Call *seen* whenever one of *names* is looked up in ``os.environ``, whether it is set or not.

    All its methods look into one dictionary, ``os.environb`` into the same (Python 3.10 to 3.14). What is set already
    is taken out of it, so that it is missed there.
    """
    environ: Any = os.environ
    variables = _Variables(environ._data)
    variables.before = {key: variables.pop(key, None) for key in map(environ.encodekey, names)}
    variables.seen = seen
    environ._data = variables
    if os.supports_bytes_environ:
        os.environb._data = variables  # type: ignore[attr-defined] # as above


def take_over() -> None:
    """What libraries in C have set, as readline sets LINES and COLUMNS: a process that is started inherits that.

    ``os.environ`` does not know of it in the process where it happened, and before Python 3.14 nothing else does.
    """
    variables: Any = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    for entry in itertools.takewhile(bool, variables):
        name, _, value = os.fsdecode(entry).partition("=")
        os.environ.setdefault(name, value)


class _Variables(dict[Any, Any]):
    before: dict[Any, Any]
    seen: Callable[[], None]

    def __missing__(self, key: Any) -> Any:
        if key in self.before:
            self.seen()
            if self.before[key] is not None:
                return self.before[key]
        raise KeyError(key)
