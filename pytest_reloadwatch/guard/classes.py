"""Classes that exist twice, after a module has been executed again."""

from __future__ import annotations

import gc
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.record.loads import namespace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import ModuleType

    from pytest_reloadwatch.record.earlier import Earlier


def replaced_in_place(module: ModuleType, earlier: Earlier) -> tuple[str, ...]:
    """The classes of *module* of which somebody still holds what they were *earlier*."""
    earlier.release()
    if _replaced(module, earlier):
        gc.collect()  # a class is part of a cycle: nobody may hold it any more
    return _replaced(module, earlier)


def copies(names: Collection[str]) -> tuple[str, ...]:
    """The classes of these modules that are alive besides those that ``sys.modules`` leads to."""
    if list(_copies(names)):
        gc.collect()
    return tuple(sorted(set(_copies(names))))


def _replaced(module: ModuleType, earlier: Earlier) -> tuple[str, ...]:
    now = vars(module)
    return tuple(
        f"{module.__name__}.{name}"
        for name, value in sorted(earlier.classes().items())
        if value.__module__ == module.__name__ and now.get(name) is not value
    )


def _copies(names: Collection[str]) -> Iterator[str]:
    for found in _all_classes():
        name, qualified = found.__module__, found.__qualname__
        if name in names and "<locals>" not in qualified:
            home = namespace(sys.modules.get(name))
            is_other = any(function.__globals__ is not home for function in _functions(found))
            if is_other and qualified.partition(".")[0] in home:
                yield f"{name}.{qualified}"


def _functions(found: type) -> Iterator[FunctionType]:
    """Those written in the class, which tell the namespace that it was made in."""
    for value in list(vars(found).values()):
        if isinstance(value, FunctionType) and value.__module__ == found.__module__:
            yield value


def _all_classes() -> Iterator[type]:
    """Every living class; what the garbage collector was told to leave alone is among them."""
    seen: set[int] = set()
    waiting: list[Any] = [object]
    while waiting:
        for found in type.__subclasses__(waiting.pop()):
            if id(found) not in seen:
                seen.add(id(found))
                waiting.append(found)
                yield found
