"""Modules that were imported while tests ran: the next run's tests are to import them as this one's did."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.inplace.generation import Generation
from pytest_reloadwatch.inplace.namespaces import Saved, drop, namespace
from pytest_reloadwatch.inplace.witness import find_stale
from pytest_reloadwatch.worker.effects import effect_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def forget(names: Sequence[str], sources: Mapping[str, bytes]) -> str:
    """Take these modules out again; why that would not be as if they had never been there, empty where it is.

    *sources* are the texts that they were executed from, by path.
    """
    if not names:
        return ""
    modules = {name: sys.modules[name] for name in names if name in sys.modules}
    for name, module in modules.items():
        if effect := effect_of(sources[os.path.abspath(module.__file__ or "")], module):
            return f"{name} was imported while tests ran, and {effect}"
    saved = [Saved.of(name, module) for name, module in modules.items()]
    generation = Generation(saved)
    for name, module in modules.items():
        drop(name)
        namespace(module).clear()  # who still holds anything of it is found, and the process replaced
    for holder in find_stale(generation):
        return f"what was imported while tests ran is still held: {holder}"
    return ""
