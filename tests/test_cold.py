"""A cold run that is forked from a process with pytest in it begins with what one in a new process begins with."""

import os
import re

from harness import cold_run, cold_run_in_new_process

TEST = """
    import json, os, pathlib, sys
    def test_begin():
        began = [sorted(sys.modules), sys.path, sys.argv, sys.flags.dont_write_bytecode, os.getcwd(), dict(os.environ)]
        pathlib.Path("began.json").write_text(json.dumps(began, sort_keys=True))
        print("said")
        assert False
"""


def outcome(project, run, *arguments):
    output, target = project.root.with_name("output.txt"), project.root.with_name("verdicts.json")
    for left in (output, target, project.path("began.json")):
        left.unlink(missing_ok=True)  # the run before has written them too
    run(project.root, output, target, ["-rA"], *arguments)
    shown = [line for line in output.read_text().splitlines() if not re.search(r" in [\d.]+s", line)]
    return project.read("began.json"), target.read_text(), shown


def test_begins_as_in_a_new_process(project):
    project.write("test_begin.py", TEST)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    expected = outcome(project, cold_run_in_new_process, environment)
    assert outcome(project, cold_run) == expected
    assert "said" in expected[2]
