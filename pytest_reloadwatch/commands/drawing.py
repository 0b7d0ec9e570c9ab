"""Commands that write a picture of what is known into a file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.commands import codes
from pytest_reloadwatch.exceptions import NothingKnownError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from pytest_reloadwatch.facts.known import Known


def graph(chosen: argparse.Namespace) -> int:
    """The import graph."""
    from pytest_reloadwatch.pictures.graph import draw_graph

    return _draw(chosen, draw_graph)


def report(chosen: argparse.Namespace) -> int:
    """A session's life."""
    from pytest_reloadwatch.pictures.report import draw_report

    return _draw(chosen, draw_report)


def _draw(chosen: argparse.Namespace, draw: Callable[[Known], str]) -> int:
    from pytest_reloadwatch.facts.known import find

    try:
        text = draw(find(os.getcwd(), chosen.store or ""))
        with open(chosen.output, "w", encoding="utf-8") as file:
            file.write(text)
    except NothingKnownError as error:
        print(error, file=sys.stderr)
        return codes.NO_SESSION
    except OSError as error:
        print(f"{chosen.output} cannot be written: {error.strerror or error}", file=sys.stderr)
        return codes.BAD
    print(f"wrote {chosen.output} ({len(text) // 1024 + 1} kB); open it in a browser")
    return codes.GOOD
