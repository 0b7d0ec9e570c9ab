"""A fingerprint of everything that a name leads to, so that two moments can be compared.

What an object refers to is what the garbage collector knows of it. Objects count by identity, so all that were met are
kept alive; values of plain types count by value. What C code keeps for itself is seen of the types listed here only.
"""

from __future__ import annotations

import abc
import array
import collections
import contextvars
import datetime
import decimal
import fractions
import functools
import gc
import itertools
import operator
import random
import re
import threading
import types
import uuid
import weakref
from _abc import _get_dump as _abc_dump  # type: ignore[import-not-found] # what ABCMeta._dump_registry prints
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BY_VALUE = (
    bool, int, float, complex, str, bytes, range, slice, type(None), type(...), type(NotImplemented),
    decimal.Decimal, fractions.Fraction, uuid.UUID, datetime.date, datetime.datetime, datetime.time,
    datetime.timedelta, datetime.timezone, datetime.tzinfo,
    PurePath,
)  # fmt: skip
# Nothing of these ever changes, but for what they refer to.
_BY_PARTS = (
    dict, list, tuple, set, frozenset, collections.deque, types.MappingProxyType, types.FunctionType, types.CellType,
    types.MethodType, types.GenericAlias, types.SimpleNamespace, property, staticmethod, classmethod, super,
    functools.partial, collections.OrderedDict, collections.defaultdict, BaseException,
)  # fmt: skip
_FIELD = type(vars(collections.namedtuple("_", "x"))["x"])
# Nothing of these changes, or it is looked at elsewhere.
_BY_IDENTITY = (
    types.ModuleType, types.BuiltinFunctionType, types.CodeType, types.WrapperDescriptorType, types.MethodWrapperType,
    types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    _FIELD, re.Pattern, re.Match, operator.itemgetter, operator.attrgetter, operator.methodcaller, types.FrameType,
    types.TracebackType, type, object,
)  # fmt: skip
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
_CACHE = type(functools.lru_cache(lambda: None))
_INHERITED_STATE: dict[type, Callable[[Any], object]] = {
    _CACHE: lambda _found: "",
    _LOCK: repr,
    _RLOCK: repr,
    bytearray: bytes,
    array.array: lambda found: found.tobytes(),
    itertools.count: repr,
    contextvars.ContextVar: lambda found: id(found.get(None)),
    weakref.ref: lambda found: id(found()),
    random.Random.__base__: lambda found: hash(found.getstate()),  # type: ignore[dict-item]
}
_POINTER = 8
# Of classes; "__slotnames__" is what copyreg notes of a class that was pickled.
UNTOLD = frozenset({"__dict__", "__weakref__", "__doc__", "__abstractmethods__", "__slotnames__", "_abc_impl"})


class Blind(Exception):  # noqa: N818 - an answer rather than an error
    """An object whose state cannot be seen; the argument is its type."""


class Walk:
    """*is_entered* tells of a module's name whether functions and classes of that module are looked into, *is_own*
    whether it is first-party. ``caches`` are those met of ``functools.lru_cache`` that are empty.

    *limit* is the number of objects after which the walk gives up.
    """

    def __init__(
        self, is_entered: Callable[[Any], bool], is_own: Callable[[Any], bool], skipped: Iterable[int], limit: int
    ) -> None:
        self.caches: list[Any] = []
        self._is_entered = is_entered
        self._is_own = is_own
        self._skipped = frozenset(skipped)
        self._limit = limit
        self._kinds: dict[type, tuple[bool, Callable[[Any], object] | None]] = {}
        self._seen: set[int] = set()
        self._met: list[Any] = []  # kept alive, for their ids

    def keep(self, value: Any) -> None:
        """Keep *value* alive too: its address stands for it."""
        self._met.append(value)

    def release(self) -> None:
        """Let go of everything; there is nothing to be fingerprinted after that."""
        self._met.clear()
        self.caches.clear()
        self._kinds.clear()

    def fingerprint(self, value: Any, *, strictly: bool) -> int:
        """Of *value* and all that it leads to and was not met before.

        Raises Blind, where *strictly*, for objects of which not all can be seen, and OverflowError at the limit.
        """
        tokens: list[object] = []
        waiting = [value]
        while waiting:
            found = waiting.pop()
            kind = type(found)
            if kind in _VALUES:
                tokens.append((kind, found if kind is str else repr(found)))
                continue
            tokens.append(id(found))
            if id(found) in self._seen or id(found) in self._skipped:
                continue
            self._seen.add(id(found))
            self._met.append(found)
            if len(self._seen) > self._limit:
                raise OverflowError
            waiting += self._look(found, kind, tokens, strictly=strictly)
        return hash(tuple(tokens))

    def _look(self, found: Any, kind: type, tokens: list[object], *, strictly: bool) -> list[Any]:
        """What to look at next; what can be told here is added to *tokens*."""
        try:
            is_entered, state = self._kinds[kind] if kind in self._kinds else self._judge(kind)
        except Blind:
            if strictly:
                raise
            return []
        if state is not None:
            tokens.append(state(found))
        if not is_entered:
            return []
        if kind is _CACHE:
            return self._look_into_cache(found, tokens)
        if issubclass(kind, type):  # isinstance would ask the object, which may pretend
            tokens.append(self._registered(found))
            return self._look_into_class(found)
        if kind is types.FunctionType:
            return self._look_into_function(found)
        parts = _parts(found, kind)
        if kind in _SETS:
            parts.sort(key=id)
        return parts

    def _look_into_cache(self, found: Any, tokens: list[object]) -> list[Any]:
        """What it keeps is reached by calling only."""
        if not self._is_entered(found.__module__):
            return []
        if found.cache_info().currsize == 0:
            self.caches.append(found)
        tokens.append(found.cache_info().currsize)
        return [found.__wrapped__, vars(found)]

    def _registered(self, found: type) -> object:
        """The classes that were registered with an abstract one; with one of others, only our own ones count."""
        if not issubclass(type(found), abc.ABCMeta):
            return ()
        classes = [kind for one in _abc_dump(found)[0] if (kind := one()) is not None]
        is_ours = self._is_entered(_module_of(found))
        return tuple(sorted(id(kind) for kind in classes if is_ours or self._is_own(_module_of(kind))))

    def _look_into_class(self, found: type) -> list[Any]:
        if not self._is_entered(_module_of(found)):
            return []
        names = type.__dict__["__dict__"].__get__(found)
        return [value for name, value in list(names.items()) if name not in UNTOLD]

    def _look_into_function(self, found: Any) -> list[Any]:
        if not self._is_entered(found.__module__):
            return []
        cells = found.__closure__ or ()
        return [found.__code__, found.__defaults__, found.__kwdefaults__, found.__dict__, *cells]

    def _judge(self, kind: type) -> tuple[bool, Callable[[Any], object] | None]:
        """Whether to look into objects of this type, and what they do not refer to. Raises Blind."""
        answer = self._kinds[kind] = _judge(kind)
        return answer


def _parts(found: Any, kind: type) -> list[Any]:
    """What *found* refers to; attributes always one by one, for their dictionary is only made when somebody asks."""
    parts = gc.get_referents(found)
    if not kind.__dictoffset__:
        return parts
    try:
        attributes = object.__getattribute__(found, "__dict__")
    except AttributeError:
        return parts
    if type(attributes) is not dict:
        return parts
    values = list(attributes.values())
    known = {id(attributes), *map(id, values)}
    return [*(part for part in parts if id(part) not in known), *attributes, *values]


def _module_of(kind: type) -> Any:
    return type.__dict__["__module__"].__get__(kind)


_VALUES = frozenset(_BY_VALUE) - {datetime.tzinfo}
_SETS = frozenset({set, frozenset})


def _judge(kind: type) -> tuple[bool, Callable[[Any], object] | None]:
    for known, state in _INHERITED_STATE.items():
        if issubclass(kind, known):
            return True, state
    if kind in _BY_IDENTITY:
        return kind is type, None
    if issubclass(kind, type):
        return True, None
    base: type | None = kind
    while base is not None and base not in _PLAIN:
        if not _is_made_in_python(base):
            raise Blind(f"{kind.__module__}.{kind.__qualname__}")
        base = base.__base__
    return True, None


_PLAIN = frozenset({*_BY_VALUE, *_BY_PARTS, object, types.ModuleType})


def _is_made_in_python(kind: type) -> bool:
    """Whether instances have no room for more than the slots that the class names, a dictionary and weak references."""
    own = [value for value in vars(kind).values() if type(value) is types.MemberDescriptorType]
    base = kind.__base__
    room = kind.__basicsize__ - (base.__basicsize__ if base is not None else 0)
    is_python = bool(kind.__flags__ & 1 << 9) and kind.__module__ != "builtins"
    if is_python:
        return room <= _POINTER * (len(own) + 2)
    return room == 0 and base is not object  # what is made in C and has no room of its own
