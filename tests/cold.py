"""A cold run, as a script: plain pytest in the current directory, its verdicts as JSON in a file.

The verdicts are put together here once more, on purpose: nothing of ours is imported.
"""

import json
import os
import sys

SEVERITY = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")


class Verdicts:
    """A pytest plugin: the worst outcome of each test, and an error for what cannot be collected."""

    def __init__(self):
        self.outcomes = {}

    def pytest_collectreport(self, report):
        if report.failed:
            self.outcomes[report.nodeid] = "error"

    def pytest_runtest_logreport(self, report):
        known = self.outcomes.get(report.nodeid, "passed")
        self.outcomes[report.nodeid] = max(known, self.outcome(report), key=SEVERITY.index)

    def outcome(self, report):
        if report.failed:
            return "failed" if report.when == "call" else "error"
        if hasattr(report, "wasxfail"):
            return "xfailed" if report.skipped else "xpassed"
        return report.outcome


def main(target, *arguments):
    import pytest

    sys.path[0] = os.getcwd()  # as python -m pytest has it
    verdicts = Verdicts()
    options = ["-p", "no:reloadwatch", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    code = pytest.main([*options, *arguments], plugins=[verdicts])
    with open(target, "w", encoding="utf-8") as file:
        json.dump({"exit_code": int(code), "outcomes": verdicts.outcomes}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
