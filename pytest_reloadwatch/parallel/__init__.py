"""pytest-xdist with workers that are forked from a run, with everything imported and collected."""
