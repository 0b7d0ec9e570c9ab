"""What recording costs: ``pytest --reload-once --reload-all`` next to plain ``pytest``, in one run (see ``_pairs``).

With ``--most R`` the exit code is 1 when the ratio of processor times (minima) is above R.
"""

from __future__ import annotations

from _pairs import compare

if __name__ == "__main__":
    raise SystemExit(compare("recording", __doc__, ("--reload-once", "--reload-all")))
