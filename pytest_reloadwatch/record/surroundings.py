"""A fingerprint of the process state that a module can see while it executes."""

from __future__ import annotations

import locale
import logging
import os
import random
import sys
import warnings

from pytest_reloadwatch.proof.digest import digest_text
from pytest_reloadwatch.record.disk import abspath


def surroundings() -> str:
    """Equal for two moments at which importing a module would find the same environment."""
    seen = (
        sorted(os.environ.items()),
        abspath(os.curdir),
        sys.path,
        [type(finder).__name__ for finder in sys.meta_path],
        len(sys.path_hooks),
        sys.getrecursionlimit(),
        locale.setlocale(locale.LC_ALL),
        [str(entry) for entry in warnings.filters],
        logging.root.level,
        [type(handler).__name__ for handler in logging.root.handlers],
        hash(random.getstate()),
    )
    return digest_text(repr(seen))
