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
UNKNOWN = 4
TIMED_OUT = 124


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        answer = ask(os.getcwd(), chosen.request, getattr(chosen, "timeout", None), getattr(chosen, "nodeid", ""))
    except NoSessionError as error:
        print(error, file=sys.stderr)
        return NO_SESSION
    except TimeoutError:
        print(f"not settled within {chosen.timeout:g} s", file=sys.stderr)
        return TIMED_OUT
    if chosen.request == "stop":
        return 0
    if chosen.request == "why":
        return _explain(answer, chosen.json)
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


def _explain(answer: dict[str, Any], as_json: bool) -> int:
    reasons = [*answer["tests"].values(), *answer["modules"].values()]
    if as_json:
        print(json.dumps(answer))
    elif reasons:
        print("\n".join(reasons))
    else:
        print(f"no test or re-executed module is called {answer['question']}", file=sys.stderr)
    return 0 if reasons else UNKNOWN


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
    why = requests.add_parser("why", help="why a test or a module ran, or did not; exit 0, 3, 4 for an unknown name")
    why.add_argument("nodeid", metavar="NODEID", help="a test, a file or class of tests, or a module")
    why.add_argument("--json", action="store_true", help="print the answer as an object")
    requests.add_parser("stop", help="end the session")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
