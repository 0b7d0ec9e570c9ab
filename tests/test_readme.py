"""The README's examples, executed in the order in which a reader meets them.

Console blocks are what a real terminal shows, times and places apart. `python tests/test_readme.py`
writes into the README what the examples print now; read the difference before you commit it.
"""

import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from example import EXAMPLE, copy_of_example
from harness import TIMEOUT, WatchSession, eventually
from prompts import Prompt

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PLACE = "/home/ann/shop"  # where the project is in the README
READY = "to quit\n"
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MODULES = 15  # of the shop and its tests
SET_UP = "sh"  # the two commands for a fresh machine: .ci/run and the demo's test execute them
HOOK = "bash"  # tests/test_editors.py executes it


def blocks():
    """Every fenced block of the README: its first line's number, its kind and its text."""
    text = README.read_text(encoding="utf-8")
    return [(text.count("\n", 0, b.start()) + 1, b["kind"], b["text"]) for b in BLOCK.finditer(text)]


class TerminalSession(WatchSession):
    """A session in a terminal of its own, 80 columns wide and without colours."""

    def __init__(self, project, command):
        program, option, *arguments = command
        assert program == "pytest"
        environment = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm"}
        super().__init__(project, *arguments, option=option, environment=environment)

    def output(self):
        """The lines as they are seen in the end: a carriage return lets the next text take their place."""
        shown = self._output_path.read_bytes().decode(errors="replace") if self._output_path.exists() else ""
        return "\n".join(line.rpartition("\r")[2] for line in shown.replace("\r\n", "\n").split("\n"))

    def _start(self, command):
        self._terminal, inner = pty.openpty()
        process = subprocess.Popen(
            command, cwd=self._directory, env=self._environment,
            stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
        )  # fmt: skip
        os.close(inner)
        self._reader = threading.Thread(target=self._copy_output)
        self._reader.start()
        return process

    def _copy_output(self):
        with open(self._output_path, "wb", buffering=0) as output:
            try:
                while data := os.read(self._terminal, 4096):
                    output.write(data)
            except OSError:  # what Linux says when the last program has left the terminal
                pass

    def _end(self):
        super()._end()
        self._reader.join()
        os.close(self._terminal)


class Reader:
    """Somebody who follows the README from top to bottom, in a copy of the example project."""

    def __init__(self, directory):
        self.project = copy_of_example(directory)
        self._session = None
        self._shown = 0
        self._prompts = {}
        self._run(["pytest -q"])  # as in any project that is worked on: caches are there

    def follow(self, kind, text):
        """Do what a block says; what it should say is the answer."""
        return getattr(self, f"_follow_{kind}")(text)

    def close(self):
        for prompt in self._prompts.values():
            prompt.__exit__()
        self._prompts.clear()
        if self._session is not None:
            self._session.__exit__(None, None, None)

    def _follow_console(self, text):
        """Commands behind ``$``, or what the session prints about the edit before."""
        commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        if not commands:
            return self._what_is_new()
        if commands == [c for c in commands if c.startswith("pytest --reload-watch")]:
            return f"$ {commands[0]}\n" + self._start(shlex.split(commands[0]))
        return "".join(f"$ {command}\n{output}" for command, output in zip(commands, self._run(commands), strict=True))

    def _follow_diff(self, text):
        """One hunk of one file, as ``diff -u`` shows it."""
        header, _, *lines = text.splitlines(keepends=True)
        path = header.removeprefix("--- ").strip()
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        self.project.replace(path, old, new)
        return text

    def _follow_pycon(self, text):
        """What is typed at a Python prompt in the project: the same one in all blocks."""
        return self._prompt("pycon").follow(text)

    def _follow_ipython(self, text):
        """Cells of IPython, as in a notebook."""
        return self._prompt("ipython").follow(text)

    def _prompt(self, kind):
        if kind not in self._prompts:
            self._prompts[kind] = Prompt(self.project.root, kind)
        return self._prompts[kind]

    def _follow_toml(self, text):
        """Lines for pytest's own table of pyproject.toml."""
        header, lines = text.split("\n", 1)
        self.project.replace("pyproject.toml", header + "\n", f"{header}\n{lines}")
        return text

    def _start(self, command):
        self.close()
        self._shown = 0
        self._session = TerminalSession(self.project, command)
        self._session.__enter__()
        return self._what_is_new()

    def _what_is_new(self):
        """Wait for the session to settle, by itself; what it has printed meanwhile."""
        self._session.settled_step()

        def ready():
            output = self._session.output()
            return output if output.endswith(READY) and len(output) > self._shown else ""

        output = eventually("the session says that it waits", ready)
        new, self._shown = output[self._shown :], len(output)
        return new.removeprefix("\n")

    def _run(self, commands):
        """What these commands print, one after the other in one shell."""
        mark = "--- the next command ---"
        script = f"\necho '{mark}'\n".join(commands) + "\n"
        path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.project.root,
            env={**os.environ, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        outputs = done.stdout.split(mark + "\n")
        if any("reloadwatch stop" in command for command in commands):
            self._session.wait_for_end()
            self.close()
            self._session = None
        return outputs

    def anonymous(self, text):
        """*text* as it would be where the README's reader has the project."""
        return text.replace(str(self.project.root), PLACE)


def comparable(text):
    """*text* without what differs from one machine, or one time, to another."""
    text = re.sub(r"^(platform|plugins:|cachedir:) .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\b\d+\.\d+ ?s\b", "N s", text)
    text = re.sub(  # of two processes
        r"^(\.+)(reloadwatch: no checkpoint .*\n(?: {4}\S.*\n)*)", r"\2\1", text, flags=re.MULTILINE
    )
    text = re.sub(
        r"^(reloadwatch: .*)((?:\n {4}\S.*)+)", joined, text, flags=re.MULTILINE
    )  # as long as the numbers are
    # On a busy machine a test may take so long that the session says which it is, in the middle of a line.
    text = re.sub(r"\nreloadwatch: \d+ of \d+ tests, now .* for \d+ s\n(?:\S+\.py )?(?=[.F])", "", text)
    text = re.sub(r" +(\[ *\d+%\])$", r" \1", text, flags=re.MULTILINE)
    text = re.sub(r'("seconds": )\d+\.\d+', r"\1N", text)
    text = re.sub(r"\b0x[0-9a-f]+\b", "0x", text)
    # Where a checkpoint was due depends on time, and on that what had to be executed again after an edit.
    text = re.sub(r"\(last module: \S+\)", "(last module: M)", text)
    text = re.sub(r"\d+ modules? kept warm, \d+ executed", "M modules kept warm", text)
    if "→" in text:
        text = re.sub(r"\((\d+) run, \d+ modules? re-executed", r"(\1 run, M re-executed", text)
    text = re.sub(r"([=_])\1{3,}", r"\1", text)
    text = re.sub(r"^[E ]? *[\^~]+\n", "", text, flags=re.MULTILINE)  # marks that Python has since 3.11
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def joined(found):
    """A line of ours that the terminal's width has made several."""
    return " ".join(found[0].split())


def executed_again(text):
    """For each edit the modules that it makes stale, and those executed: more where a checkpoint was wanting."""
    stale = re.findall(r"→ (\d+) modules? re-executed", text)
    executed = re.findall(r"\(\d+ run,\s+(\d+)\s+modules?\s+re-executed", text)
    return [(int(least), int(most)) for least, most in zip(stale, executed, strict=False)]


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    yield reader
    reader.close()


def test_every_example_does_what_the_readme_says(reader):
    for line, kind, text in blocks():
        if kind not in (SET_UP, HOOK):
            shown = reader.anonymous(reader.follow(kind, text))
            assert comparable(shown) == comparable(text), f"README.md, line {line}, prints\n{shown}"
            for least, most in executed_again(shown):
                assert least <= most <= MODULES, f"README.md, line {line}"


def test_what_a_run_prints_first_is_compared_behind_the_note_of_the_session():
    note = "reloadwatch: no checkpoint from here on: a thread is\n    running (mailer)\n"
    assert comparable(f"..{note}.. [100%]\n") == comparable(f"{note}.... [100%]\n")
    assert comparable(f"..{note}.. [100%]\n") != comparable(f"{note}... [100%]\n")


def test_the_set_up_commands_and_the_hook_are_the_only_blocks_that_nothing_here_executes():
    commands = [text for _, kind, text in blocks() if kind == SET_UP]
    assert [len(text.splitlines()) for text in commands] == [1, 1]
    assert {kind for _, kind, _ in blocks()} <= {SET_UP, HOOK, "console", "diff", "toml", "pycon", "ipython"}


def test_ci_runs_the_readme_s_command_for_the_tests():
    _, tests = [text.strip() for _, kind, text in blocks() if kind == SET_UP]
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_options_are_those_of_the_plugin():
    shown = set(re.findall(r"^\| `(--reload-[a-z]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    command = [sys.executable, "-m", "pytest", "--help"]
    done = subprocess.run(command, cwd=EXAMPLE, stdout=subprocess.PIPE, text=True, check=True)
    assert shown == set(re.findall(r"^  (--reload-[a-z]+)", done.stdout, re.MULTILINE))


def write():
    """Put into the README what its examples print now."""
    with tempfile.TemporaryDirectory() as directory:
        reader = Reader(directory)

        def shown(block):
            kind, before = block.groups()
            after = before if kind in (SET_UP, HOOK) else reader.anonymous(reader.follow(kind, before))
            return block[0] if comparable(after) == comparable(before) else f"```{kind}\n{after}```"

        try:
            text = BLOCK.sub(shown, README.read_text(encoding="utf-8"))
        finally:
            reader.close()
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in ("CI", "PYTEST_ADDOPTS"):
        os.environ.pop(name, None)
    write()
