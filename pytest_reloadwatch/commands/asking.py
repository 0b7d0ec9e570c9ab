"""Commands that ask the running session, and print what it says: as JSON, or in words."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.commands import codes
from pytest_reloadwatch.session.clients import ask, follow
from pytest_reloadwatch.session.wording import count
from pytest_reloadwatch.terminal.wrapping import in_terminal

if TYPE_CHECKING:
    import argparse

_BAD = ("failed", "error")


def wait(chosen: argparse.Namespace) -> int:
    """Block until every known test is proven."""
    answer = ask(os.getcwd(), "wait", chosen.timeout)
    _tell_standing(answer, as_json=chosen.json)
    return code_of_wait(answer)


def code_of_wait(answer: dict[str, Any]) -> int:
    """A test that nothing proves, as after Ctrl-C, is none that passes."""
    return codes.GOOD if answer["exit_code"] == 0 and answer.get("settled", True) else codes.BAD


def status(chosen: argparse.Namespace) -> int:
    """The same without blocking."""
    return _tell_standing(ask(os.getcwd(), "status", None), as_json=chosen.json)


def run(chosen: argparse.Namespace) -> int:
    """Have these tests run, affected or not, and block until there are verdicts."""
    wanted = tuple(map(_as_absolute, chosen.nodeids))
    answer = ask(os.getcwd(), "run", chosen.timeout, nodeids=wanted)
    if chosen.json:
        print(json.dumps(answer))
        return int(answer["exit_code"])
    if "problem" in answer:
        print(answer["problem"], file=sys.stderr)
    for question in answer["unknown"]:
        print(f"no test is called {question}", file=sys.stderr)
    _tell_outcomes(answer, "")
    for nodeid in answer["not_reached"]:
        print(f"  {nodeid} was not reached")
    return int(answer["exit_code"])


def why(chosen: argparse.Namespace) -> int:
    """Why a test or a module ran, or did not."""
    answer = ask(os.getcwd(), "why", None, nodeid=chosen.nodeid)
    reasons = [*answer["tests"].values(), *answer["modules"].values()]
    if chosen.json:
        print(json.dumps(answer))
    elif reasons:
        print(in_terminal("\n".join(reasons)))
    else:
        print(f"no test or re-executed module is called {answer['question']}", file=sys.stderr)
    return codes.GOOD if reasons else codes.UNKNOWN


def events(chosen: argparse.Namespace) -> int:
    """What has happened lately, or what happens from now on."""
    if chosen.follow:
        for event in follow(os.getcwd()):
            _tell_event(event, as_json=chosen.json)
    else:
        for event in ask(os.getcwd(), "events", None)["events"]:
            _tell_event(event, as_json=chosen.json)
    return codes.GOOD


def stop(_chosen: argparse.Namespace) -> int:
    """End the session."""
    ask(os.getcwd(), "stop", None)
    return codes.GOOD


def _as_absolute(nodeid: str) -> str:
    """A path as it is seen from here means the same to the session, which is somewhere else."""
    path, separator, rest = nodeid.partition("::")
    return os.path.abspath(path) + separator + rest if os.path.exists(path) else nodeid


def _tell_standing(answer: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(answer))
    else:
        _tell_outcomes(answer, "" if answer.get("settled", True) else ", not settled")
    return codes.GOOD if answer["exit_code"] == 0 else codes.BAD


def _tell_outcomes(answer: dict[str, Any], state: str) -> None:
    outcomes: dict[str, str] = answer["outcomes"]
    bad = sorted(nodeid for nodeid, outcome in outcomes.items() if outcome in _BAD)
    print(f"{count(len(outcomes), 'test')}, {len(bad)} failing{state}")
    for nodeid in bad:
        print(f"  {nodeid}")
        failure = answer.get("failures", {}).get(nodeid)
        if failure is not None:
            print(_place(failure))


def _place(failure: dict[str, Any]) -> str:
    """As compilers do it, so that editors understand it."""
    return f"    {failure['path']}:{failure['line']}: {failure['message']}"


def _tell_event(event: dict[str, Any], *, as_json: bool) -> None:
    text = json.dumps(event) if as_json else _in_words(event)
    if text:
        print(text, flush=True)


def _in_words(event: dict[str, Any]) -> str:
    """A line for what a person wants to hear of; empty for the rest."""
    kind = event["event"]
    if kind == "run_started":
        cause = ", ".join(event["cause"][:3])
        return f"run {event['run']}: {count(event['tests'], 'test')}{' after an edit of ' + cause if cause else ''}"
    if kind == "test":
        return f"  {event['outcome'].upper()} {event['nodeid']}" if event["outcome"] in _BAD else ""
    if kind == "failure":
        return _place(event)
    if kind == "run_finished":
        end = "cancelled" if event["cancelled"] else f"{count(len(event['reexecuted']), 'module')} re-executed"
        return f"run {event['run']}: {end}, {event['seconds']:.2f} s"
    if kind == "settled":
        bad = sum(outcome in _BAD for outcome in event["outcomes"].values())
        return f"settled: {count(len(event['outcomes']), 'test')}, {bad} failing"
    if kind == "dropped":
        verb = "was" if event["events"] == 1 else "were"
        return f"({count(event['events'], 'event')} {verb} dropped: they came faster than they were read)"
    if kind == "following":
        return "following the session; " + ("all is settled" if event["settled"] else "not settled yet")
    return "" if kind == "selected" else kind
