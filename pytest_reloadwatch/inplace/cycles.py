"""Which objects are held by more than each other, reckoned as the garbage collector does."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.inplace.namespaces import namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST = 50_000  # objects reckoned with; of what reaches more it counts that somebody holds it
_SAMPLE: dict[int, Any] = {0: []}
_OURS = sys.getrefcount(_SAMPLE[0])  # references to what is in one dictionary only


def held_from_outside(cells: list[list[Any]], is_foreign: Callable[[Any], bool]) -> set[int]:
    """The identities of those values, one in each of *cells*, to which something refers that they do not lead to.

    *is_foreign* tells of classes and functions that stay anyway: nobody looks into those, so what they refer to is
    held. So is whatever a held object leads to.
    """
    found: dict[int, Any] = {}
    if not _collect(cells, found, is_foreign):
        return {id(cell[0]) for cell in cells}
    inner = Counter(key for one in found.values() for key in _referents(one) if key in found)
    inner.update(id(cell[0]) for cell in cells)
    held = {key for key in found if sys.getrefcount(found[key]) - _OURS > inner[key]}
    waiting = list(held)
    while waiting:
        new = {key for key in _referents(found[waiting.pop()]) if key in found} - held
        held |= new
        waiting += new
    return held


def _collect(cells: list[list[Any]], found: dict[int, Any], is_foreign: Callable[[Any], bool]) -> bool:
    """Whether *found* is everything that the values lead to."""
    outside = {id(namespace(module)) for module in list(sys.modules.values()) if isinstance(module, ModuleType)}
    waiting = [cell[0] for cell in cells]
    while waiting:
        one = waiting.pop()
        if id(one) in found or id(one) in outside or not gc.is_tracked(one) or _is_left_out(one, is_foreign):
            continue
        found[id(one)] = one
        waiting += gc.get_referents(one)
        if len(found) > _MOST:
            return False
    return True


def _referents(one: Any) -> Iterator[int]:
    return map(id, gc.get_referents(one))


def _is_left_out(one: Any, is_foreign: Callable[[Any], bool]) -> bool:
    kind = type(one)
    if issubclass(kind, (ModuleType, FrameType, CodeType, BuiltinFunctionType)):
        return True
    return issubclass(kind, (type, FunctionType)) and is_foreign(one)
