"""The command that says what keeps a project from being faster."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.commands import codes
from pytest_reloadwatch.exceptions import NothingKnownError
from pytest_reloadwatch.terminal.wrapping import in_terminal

if TYPE_CHECKING:
    import argparse

    from pytest_reloadwatch.doctor.findings import Finding


def doctor(chosen: argparse.Namespace) -> int:
    """Findings, each with what to do about it."""
    from pytest_reloadwatch.doctor import plugins
    from pytest_reloadwatch.doctor.findings import findings, no_bytecode, standing, unknown
    from pytest_reloadwatch.facts.known import find

    try:
        known = find(os.getcwd(), chosen.store or "")
    except NothingKnownError as error:
        print(error, file=sys.stderr)
        return codes.NO_SESSION
    found = findings(known)
    slow = plugins.judge(plugins.measure(known.rootdir))
    found += [finding for finding in (slow, no_bytecode(sys.dont_write_bytecode)) if finding is not None]
    missing = unknown(known)
    if chosen.json:
        values = [dataclasses.asdict(finding) for finding in found]
        answer = {"event": "doctor", "project": known.rootdir, "standing": standing(known)}
        print(json.dumps({**answer, "findings": values, "unknown": missing}))
        return codes.GOOD
    _say(standing(known))
    for finding in found:
        _tell(finding)
    for text in missing:
        _say(f"\n? {text}")
    if not found:
        _say("\nnothing was found that keeps it from being faster" + (", as far as that is known" * bool(missing)))
    return codes.GOOD


def _say(text: str) -> None:
    print(in_terminal(text))


def _tell(finding: Finding) -> None:
    took = f", {finding.seconds:.2f} s together" if finding.seconds is not None else ""
    _say(f"\n{finding.title[0].upper()}{finding.title[1:]} ({finding.count}{took}):")
    for item in finding.items:
        _say(f"    {item}")
    _say(f"  → {finding.advice}")
