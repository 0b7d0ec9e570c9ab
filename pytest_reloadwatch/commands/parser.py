"""The command line of ``python -m pytest_reloadwatch``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_reloadwatch.commands import advising, asking, drawing

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = "print JSON"
_STORE = "the store to read, where no session runs and pytest's cache directory is an unusual one"


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_reloadwatch", description="Ask the watch session of this directory, or of one above it."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, action: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(action=action)
        return command

    waiting = add("wait", asking.wait, "block until every known test is proven; exit 0 or 1, 3, 124")
    status = add("status", asking.status, "where the session stands now; exit 0 or 1, 3")
    why = add("why", asking.why, "why a test or a module ran, or did not; exit 0, 3, 4 for an unknown name")
    why.add_argument("nodeid", metavar="NODEID", help="a test, a file or class of tests, or a module")
    run = add("run", asking.run, "run these tests in the warm session, affected or not; exit 0 or 1, 3, 4, 124")
    run.add_argument("nodeids", metavar="NODEID", nargs="+", help="a test, or a file, directory or class of tests")
    for command in (waiting, run):
        command.add_argument("--timeout", type=float, metavar="S", help="give up after S seconds, with exit code 124")
    events = add("events", asking.events, "what has happened lately, an event a line; exit 0, 3")
    events.add_argument("--follow", action="store_true", help="what happens from now on, until the session ends")
    for command in (waiting, status, why, run, events):
        command.add_argument("--json", action="store_true", help=_JSON)
    graph = add("graph", drawing.graph, "write a picture of the imports, their costs and their tests; exit 0, 1, 3")
    report = add("report", drawing.report, "write a picture of a session: each save with its times; exit 0, 1, 3")
    for command, file in ((graph, "reloadwatch-graph.html"), (report, "reloadwatch-report.html")):
        command.add_argument("-o", "--output", metavar="FILE", default=file, help=f"where to write it (default {file})")
        command.add_argument("--store", metavar="FILE", help=_STORE)
    doctor = add("doctor", advising.doctor, "what keeps this project from being faster, and what to do; exit 0, 3")
    doctor.add_argument("--json", action="store_true", help=_JSON)
    doctor.add_argument("--store", metavar="FILE", help=_STORE)
    add("stop", asking.stop, "end the session; exit 0, 3")
    return parser
