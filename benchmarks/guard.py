"""What the guard costs: ``pytest --reload-guard=warn`` next to plain ``pytest``, in one run (see ``_pairs``).

With ``--most R`` the exit code is 1 when the ratio of processor times (minima) is above R.
"""

from __future__ import annotations

from _pairs import compare

if __name__ == "__main__":
    raise SystemExit(compare("the guard", __doc__, ("--reload-guard=warn",)))
