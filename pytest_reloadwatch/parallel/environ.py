"""Looks at variables of the environment that are not set, seen without a cost for those that are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def watch_missing(names: Collection[str], seen: Callable[[str], None]) -> None:
    """Call *seen* with each of *names* that is looked up in ``os.environ`` in vain.

    All its methods look into one dictionary, ``os.environb`` into the same (Python 3.10 to 3.14).
    """
    environ: Any = os.environ
    wanted = {environ.encodekey(name): name for name in names}

    class _Variables(dict[Any, Any]):
        def __missing__(self, key: Any) -> Any:
            if key in wanted:
                seen(wanted[key])
            raise KeyError(key)

    variables = _Variables(environ._data)
    environ._data = variables
    if os.supports_bytes_environ:
        os.environb._data = variables  # type: ignore[attr-defined] # as above
