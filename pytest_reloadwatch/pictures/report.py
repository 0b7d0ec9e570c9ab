"""The life of a project's sessions as data for its page: each save with its times, what was saved, flaky verdicts."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.pictures.page import make_page
from pytest_reloadwatch.session.timing import STEPS

if TYPE_CHECKING:
    from pytest_reloadwatch.facts.known import Known


def draw_report(known: Known) -> str:
    """One HTML page."""
    title = f"{os.path.basename(known.rootdir)}: sessions"
    return make_page(title, "report.html", "report.js", report_data(known))


def report_data(known: Known) -> dict[str, Any]:
    """Rounds by session, the oldest first; ``saved`` is against the last cold run before, None where none was seen."""
    sessions: dict[float, list[dict[str, Any]]] = {}
    cold: dict[str, Any] = {"cold": None, "at": 0.0}
    for round_ in known.rounds:
        if round_["cold"] is not None:
            cold = round_
        took = round_["seconds"]
        saved = cold["cold"] - took if cold["cold"] is not None and round_["cause"] else None
        files = [known.name_of(path) for path in round_["reexecuted"]]
        shown = {**round_, "reexecuted": files, "saved": saved, "against": cold["cold"], "clock": _clock(round_["at"])}
        sessions.setdefault(round_["session"], []).append(shown)
    return {
        "project": os.path.basename(known.rootdir),
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "steps": list(STEPS),
        "sessions": [
            {"began": time.strftime("%Y-%m-%d %H:%M", time.localtime(began)), "rounds": rounds}
            for began, rounds in sessions.items()
        ],
    }


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
