"""When this package was loaded, and what was there by then: it must come before anything of the person's.

What freshness can say of a module whose loading nobody recorded rests on it.
"""

from __future__ import annotations

import sys
import time

BEGAN = time.time_ns()
LOADED_BEFORE = frozenset(sys.modules)
