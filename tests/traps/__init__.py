"""Tiny projects as text: each edit changes a verdict of a test that a selection by file names would not choose."""

from traps import collection, files, fixtures, imports, indirect, values, ways, whole

ALL = {
    **values.TRAPS,
    **files.TRAPS,
    **fixtures.TRAPS,
    **imports.TRAPS,
    **indirect.TRAPS,
    **collection.TRAPS,
    **ways.TRAPS,
    **whole.TRAPS,
}
# Rows with an edit after which every verdict is as before: that it stays so is their point.
UNMOVED = {
    *values.UNMOVED,
    *files.UNMOVED,
}
# Tests that no edit of their row concerns: they run once, at the start.
SPARED = {
    **values.SPARED,
    **files.SPARED,
    **fixtures.SPARED,
    **imports.SPARED,
    **indirect.SPARED,
    **collection.SPARED,
}

__all__ = ["ALL", "SPARED", "UNMOVED"]
