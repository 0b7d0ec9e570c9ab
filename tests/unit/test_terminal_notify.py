"""Notifications: when they come, and how text reaches the program that shows them."""

import sys

import pytest
from harness import eventually

from pytest_reloadwatch.terminal.notify import Notifier, command, program_name

NASTY = "1 test fails: test_x[$(touch pwned); `id` \"'\\]"


@pytest.fixture
def shown(tmp_path):
    """A program that writes down its arguments, and what it has written."""
    program, log = tmp_path / "notify-send", tmp_path / "log"
    program.write_text(f"#!{sys.executable}\nimport sys\nopen({str(log)!r}, 'a').write(sys.argv[-1] + '\\n')\n")
    program.chmod(0o755)
    notifier = Notifier(str(program))
    yield notifier, lambda: log.read_text().splitlines() if log.exists() else []
    notifier.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a program with a first line that names its interpreter")
def test_come_only_when_the_state_flips_and_pass_text_on_as_it_is(shown):
    notifier, lines = shown
    notifier.tell("all pass", fails=False)
    notifier.tell(NASTY, fails=True)
    eventually("the first one", lambda: lines() == [NASTY])
    notifier.tell("still", fails=True)
    notifier.tell("all pass again", fails=False)
    eventually("the second one", lambda: lines() == [NASTY, "all pass again"])


def test_a_program_that_is_gone_is_nobodys_trouble(tmp_path):
    Notifier(str(tmp_path / "notify-send")).tell("fails", fails=True)
    Notifier("").tell("fails", fails=True)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_text_is_never_part_of_a_program(platform):
    *programs, last = command(f"/usr/bin/{program_name(platform)}", "$(x)")
    arguments = [part for part in (*programs, last) if "$(x)" in part]
    assert arguments == ([] if platform == "win32" else ["$(x)"])  # there it is in the environment
