"""Scratch copies of projects, so that what is measured touches nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def scratch_copy(clone: str, beside: str | None, prefix: str) -> Iterator[str]:
    """A copy of *clone* without pytest's cache, in a directory made in *beside* (None: where the clone is)."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=beside or os.path.dirname(clone)) as scratch:
        copy = os.path.join(scratch, os.path.basename(clone))
        shutil.copytree(clone, copy, symlinks=True, ignore=shutil.ignore_patterns(".pytest_cache"))
        yield copy
