"""Lines that end between words, where a terminal would break them anywhere."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap

NARROWEST = 40  # columns
# A test's parameters, a line for an ini file, a number and its unit.
_WHOLE = re.compile(r"::\w+\[[^\]\n]*\]|\b\w+ = \S+|\d (?=s\b|min\b|kB\b)")
_SPACE = "\0"  # where no line ends


def wrap(text: str, columns: int, further: str = "    ") -> str:
    """Each line of *text* in lines of so many *columns*, *further* to the right from the second on.

    Words are left whole, node ids among them, for people copy them.
    """
    width = max(NARROWEST, columns)
    return "\n".join(
        line if len(line) <= width else "\n".join(_wrapped(line, width, further)) for line in text.split("\n")
    )


def in_terminal(text: str) -> str:
    """*text* as a command prints it: wrapped only where a terminal is the reader."""
    return wrap(text, shutil.get_terminal_size().columns, "  ") if sys.stdout.isatty() else text


def _wrapped(line: str, width: int, further: str) -> list[str]:
    indent = line[: len(line) - len(line.lstrip(" "))] + further
    kept = _WHOLE.sub(lambda found: found[0].replace(" ", _SPACE), line)
    lines = textwrap.wrap(
        kept, width, subsequent_indent=indent, expand_tabs=False, break_long_words=False, break_on_hyphens=False
    )
    return [part.replace(_SPACE, " ") for part in lines]
