"""Everything that is read from a source by parsing it: once, for all who ask."""

from __future__ import annotations

import ast
import hashlib
import warnings
from dataclasses import dataclass

from pytest_reloadwatch.graph.fingerprint import fingerprints_in, semantic_digest
from pytest_reloadwatch.graph.imports import UNPARSABLE, SourceImports, imports_in


@dataclass(frozen=True)
class Source:
    """What a source says that it may import, and *code*, a digest that comments and formatting do not change.

    Digests of code are only comparable within one version of Python, whose syntax trees they are taken from.
    """

    imports: SourceImports
    code: str


def read_source(data: bytes) -> Source:
    """Parse *data*; where that fails nothing is imported, and all of the text counts as code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who executes it will hear of it
            tree = ast.parse(data)
    except UNPARSABLE:
        return Source(SourceImports(), hashlib.blake2b(data, digest_size=16).hexdigest())
    return Source(imports_in(tree), semantic_digest(fingerprints_in(tree)))
