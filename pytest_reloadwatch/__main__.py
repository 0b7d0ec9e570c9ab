"""``python -m pytest_reloadwatch``: ask the running session of this directory."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import NoSessionError
from pytest_reloadwatch.session.clients import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_SESSION = 3
TIMED_OUT = 124


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        answer = ask(os.getcwd(), chosen.request, getattr(chosen, "timeout", None))
    except NoSessionError as error:
        print(error, file=sys.stderr)
        return NO_SESSION
    except TimeoutError:
        print(f"not settled within {chosen.timeout:g} s", file=sys.stderr)
        return TIMED_OUT
    if chosen.request == "stop":
        return 0
    _show(answer, chosen.json)
    return 0 if answer["exit_code"] == 0 else 1


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer))
        return
    outcomes: dict[str, str] = answer["outcomes"]
    bad = sorted(nodeid for nodeid, outcome in outcomes.items() if outcome in ("failed", "error"))
    state = "" if answer.get("settled", True) else ", not settled"
    print(f"{len(outcomes)} tests, {len(bad)} failing{state}")
    for nodeid in bad:
        print(f"  {nodeid}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_reloadwatch", description="Ask the watch session of this directory, or of one above it."
    )
    requests = parser.add_subparsers(dest="request", required=True)
    wait = requests.add_parser("wait", help="block until every known test is proven; exit 0 or 1, 3, 124")
    wait.add_argument("--timeout", type=float, metavar="S", help="give up after S seconds, with exit code 124")
    status = requests.add_parser("status", help="where the session stands now")
    for command in (wait, status):
        command.add_argument("--json", action="store_true", help="print the settled object")
    requests.add_parser("stop", help="end the session")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
