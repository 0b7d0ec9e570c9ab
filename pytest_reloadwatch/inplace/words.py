"""Objects and their holders in a person's words: dotted names, kinds, and the generation that something is of."""

from __future__ import annotations

import enum
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_reloadwatch.inplace.generation import Survivor

_LONGEST_KEY = 40


class Words:
    """Names for what is met on the way from a module's name to an old object."""

    def __init__(self, survivors: Iterable[Survivor]) -> None:
        self._places = {id(one.object): (one.name, one.generation) for one in survivors}

    def describe(self, chain: Sequence[Any], module: str) -> tuple[str, str, str]:
        """Holder, verb and object for a way from *chain*'s first, *module*'s namespace or a fixture, to its last."""
        old = chain[-1]
        fixture = _compat.fixture_named(chain[0])
        if fixture:
            return fixture, "holds", self.object(old)
        if len(chain) == 2:
            article = "" if id(old) in self._places else "an instance of "
            return f"name {_key(chain[0], old)!r} in {module}", "is", article + self.object(old)
        subclass = _subclass(chain)
        if subclass is not None:
            return f"class {_full_name(subclass)}", "is a subclass of", self.object(old, with_kind=False)
        return _holder(chain, module), "holds", self.object(old)

    def object(self, old: Any, *, with_kind: bool = True) -> str:
        """An old object and its generation; of an instance its class is told."""
        name, generation = self._place(old)
        kind = f"{self.kind(old)} " if with_kind and id(old) in self._places else ""
        return f"{kind}{name} of {f'generation {generation}' if generation else 'an older generation'}"

    def kind(self, found: Any) -> str:
        """What sort of thing this is, in one word."""
        return _kind(found)

    def _place(self, old: Any) -> tuple[str, int]:
        if id(old) in self._places:
            return self._places[id(old)]
        name, generation = self._places[id(type(old))]
        return f"{name}.{old.name}" if issubclass(type(old), enum.Enum) else name, generation


def _kind(found: Any) -> str:
    if issubclass(type(found), type):
        return "class"
    return {FunctionType: "function", ModuleType: "module", MethodType: "method"}.get(type(found), type(found).__name__)


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _subclass(chain: Sequence[Any]) -> type | None:
    """The class that has the last of *chain* among its bases, if that is how it is held."""
    above = [one for one in chain[-3:-1] if issubclass(type(one), type)]
    return above[-1] if above and any(base is chain[-1] for base in above[-1].__mro__) else None


def _holder(chain: Sequence[Any], module: str) -> str:
    """As far down the way as names lead: ``dict shop.registry.HANDLERS``."""
    current = chain[1]
    name = f"{module}.{_key(chain[0], current)}"
    if _is_generic_function(current):
        return f"functools.singledispatch registry of {name}"
    names = None  # a dictionary that holds the attributes of *current*
    for following in chain[2:-1]:
        if following is _attributes(current):
            names = following
            continue
        part = f".{_key(names, following)}" if names is not None else _part(current, following)
        if not part or part == ".":
            break
        current, name, names = following, name + part, None
    return f"{_kind(current)} {name}"


def _is_generic_function(found: Any) -> bool:
    return type(found) is FunctionType and {"registry", "dispatch", "register"} <= vars(found).keys()


def _attributes(owner: Any) -> Any:
    """The dictionary that holds the attributes of an object; a class shows only a view of its own."""
    if issubclass(type(owner), type):
        return _compat.class_dictionary(owner)
    try:
        return object.__getattribute__(owner, "__dict__")  # a proxy's own, not that of what it stands for
    except AttributeError:
        return None


def _part(owner: Any, inner: Any) -> str:
    if issubclass(type(owner), dict):
        return f"[{_shortened(_key(owner, inner))}]"
    if issubclass(type(owner), (list, tuple)):
        return f"[{next(index for index, one in enumerate(owner) if one is inner)}]"
    attribute = _key(_attributes(owner) or {}, inner)
    return f".{attribute}" if isinstance(attribute, str) and attribute else ""


def _key(names: Any, value: Any) -> Any:
    return next((key for key, one in list(names.items()) if one is value), "")


def _shortened(key: Any) -> str:
    said = repr(key) if isinstance(key, (str, int, tuple)) else f"{type(key).__name__} object"
    return said if len(said) <= _LONGEST_KEY else f"{said[:_LONGEST_KEY]}…"
