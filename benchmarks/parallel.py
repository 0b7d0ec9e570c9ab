"""``pytest --reload-once --reload-all -n N`` next to plain ``pytest -n N``, in one run (see ``_pairs``).

Give ``-n N`` among the arguments after ``--args``. *memory* is the greatest proportional set size of all processes of
a run together, looked at several times a second (Linux). Workers that start anew collect by themselves, and xdist
refuses to run where they find tests in another order; so PYTHONHASHSEED is 0 for both sides.
"""

from __future__ import annotations

import os

from _pairs import compare

if __name__ == "__main__":
    os.environ["PYTHONHASHSEED"] = "0"
    raise SystemExit(compare("workers that are forked", __doc__, ("--reload-once", "--reload-all")))
