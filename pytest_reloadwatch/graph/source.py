"""Everything that is read from a source by parsing it: once, for all who ask."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from pytest_reloadwatch.graph.fingerprint import Fingerprints, fingerprints, fingerprints_in, semantic_digest
from pytest_reloadwatch.graph.imports import UNPARSABLE, SourceImports, imports_in

_LINES = re.compile(
    rb"lineno|getsourcelines|findsource|getframeinfo|co_lines|co_positions"
    rb"|\.py:\d|\bline \d"  # as tracebacks and logs name them
)


@dataclass(frozen=True)
class Source:
    """What a source says that it may import, and the digests of its functions.

    *code* is one digest for them all, which comments and formatting do not change. All of these are only comparable
    within one version of Python, whose syntax trees they are taken from. *asks_for_lines*: it has to do with numbers of
    lines, which are another matter than code.
    """

    imports: SourceImports
    prints: Fingerprints
    code: str
    asks_for_lines: bool = False


def parse(data: bytes) -> ast.Module | None:
    """The syntax tree of *data*; None where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who executes it will hear of it
            return ast.parse(data)
    except UNPARSABLE:
        return None


def read_source(data: bytes, tree: ast.Module | None) -> Source:
    """What is in *data*; where its *tree* is None nothing is imported, and all of the text counts as code."""
    if tree is None:
        prints = fingerprints(data)
        return Source(SourceImports(), prints, prints.module)
    prints = fingerprints_in(tree)
    return Source(imports_in(tree), prints, semantic_digest(prints), bool(_LINES.search(data)))
