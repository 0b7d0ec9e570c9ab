"""What executing a module does beside giving it its namespace: what cannot be undone, and would be done twice."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.inert import first_effect
from pytest_reloadwatch.inplace.namespaces import namespace

if TYPE_CHECKING:
    from types import ModuleType


def effect_of(source: bytes, module: ModuleType) -> str:
    """What executing *source*, as it was into *module*, may have done to others, in words; empty for nothing."""
    names = namespace(module)
    line = first_effect(source, lambda name: _is_plain_class(names.get(name)))
    if not line:
        return ""
    text = source.decode(errors="replace").splitlines()[line - 1 : line]
    return f"does more at its import than import and define (line {line}: {''.join(text).strip()})"


def _is_plain_class(found: object) -> bool:
    """Whether no base was told of it: metaclasses and ``__init_subclass__`` may keep it somewhere."""
    if not isinstance(found, type) or type(found) not in (type, abc.ABCMeta):
        return False
    return not any("__init_subclass__" in vars(base) for base in found.__mro__[1:-1])
