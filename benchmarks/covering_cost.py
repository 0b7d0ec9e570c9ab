"""What the first full run with --cov costs, as a ratio to ``pytest --cov``: see _pairs.

The options of pytest-cov are among those behind --args.
"""

from __future__ import annotations

from _pairs import compare

if __name__ == "__main__":
    raise SystemExit(compare("a first run with coverage", __doc__, ("--reload-once", "--reload-all")))
