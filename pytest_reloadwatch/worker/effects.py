"""Whether executing a module does anything but give it its namespace: then executing it again would do that twice."""

from __future__ import annotations

import functools

from pytest_reloadwatch.graph.inert import WHOLE, extent


def effect_of(source: bytes) -> str:
    """What executing *source* may do beside filling its namespace, in words; empty where it certainly does nothing."""
    return "" if _is_inert(source) else "does more when it is imported than import and define"


@functools.lru_cache(maxsize=512)
def _is_inert(source: bytes) -> bool:
    return extent(source).strict == WHOLE
