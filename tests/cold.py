"""A cold run, as a script: plain pytest in the current directory, its verdicts as JSON in a file.

The verdicts are put together here once more, on purpose: nothing of ours is imported. With ``serve`` this is a
process that has imported pytest and nothing else, and forks each run from there: most of a run's time is that import.
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


def serve():
    """Runs for lines of JSON on stdin; a line on stdout when one has ended."""
    import pytest  # noqa: F401 - that is what runs have in common

    requests, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in requests:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            requests.close()
            answers.close()
            run_in_fork(**request)
        os.waitpid(pid, 0)
        print("ended", file=answers, flush=True)


def run_in_fork(place, environment, output, target, arguments):
    """Nothing of the pytest that runs has begun before; nobody is left when it ends."""
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    for name, flags, descriptor in (os.devnull, os.O_RDONLY, 0), (output, os.O_WRONLY | os.O_CREAT, 1):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.dup2(1, 2)
    sys.argv[1:] = [target, *arguments]
    main(target, *arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main(target, *arguments):
    import pytest

    sys.path[0] = os.getcwd()  # as python -m pytest has it
    verdicts = Verdicts()
    options = ["-p", "no:reloadwatch", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    code = pytest.main([*options, *arguments], plugins=[verdicts])
    with open(target, "w", encoding="utf-8") as file:
        json.dump({"exit_code": int(code), "outcomes": verdicts.outcomes}, file)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main(*sys.argv[1:])
