"""What docs/commands.md says of answers, and the recipes of docs/editors.md, against a real session."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import TIMEOUT, Project, WatchSession

from pytest_reloadwatch.session.clients import follow

DOCS = Path(__file__).resolve().parents[1] / "docs"
BLOCK = re.compile(r"^```\w+ (?P<name>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip
START = """
    --- app.py
    VALUE = 1
    --- test_app.py
    from app import VALUE
    def test_value():
        assert VALUE == 1
    def test_other(): pass
    --- sub/test_deep.py
    def test_deep(): pass
"""
BROKEN = "VALUE = 2\n"


def blocks(document):
    return {block["name"]: block["text"] for block in BLOCK.finditer((DOCS / document).read_text(encoding="utf-8"))}


SCHEMAS = {name: json.loads(text) for name, text in blocks("commands.md").items()}
RECIPES = blocks("editors.md")


def mismatches(value, schema, at="answer"):
    """Where *value* is not as *schema* says, among what the schemas of the document use; unknown keys count."""
    if "$ref" in schema:
        return mismatches(value, SCHEMAS[schema["$ref"]], at)
    if "const" in schema and value != schema["const"]:
        return [f"{at} is {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at} is {value!r}"]
    names = schema.get("type", [])
    if names and not isinstance(value, tuple(TYPES[name] for name in ([names] if isinstance(names, str) else names))):
        return [f"{at} is {value!r}, no {names}"]
    found = [f"{at} has no {name}" for name in schema.get("required", ()) if name not in value]
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += mismatches(item, schema.get("items", {}), f"{at}[{number}]")
    if isinstance(value, dict):
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            found += [f"{at} has {name}"] if inner is None else mismatches(item, inner, f"{at}.{name}")
    return found


def python(directory, *arguments, **settings):
    return subprocess.run(
        [sys.executable, "-m", "pytest_reloadwatch", *arguments],
        cwd=directory, capture_output=True, text=True, timeout=TIMEOUT, check=False, **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session with a failing test, after an edit."""
    project = Project(tmp_path_factory.mktemp("editors") / "project")
    project.apply(START)
    with WatchSession(project) as session:
        session.step()
        project.write("app.py", BROKEN)
        session.step()
        yield session


@pytest.fixture(scope="module")
def in_path(tmp_path_factory):
    """An environment in which ``python`` is this one."""
    place = tmp_path_factory.mktemp("bin")
    script = place / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}


class TestAnswers:
    @pytest.mark.parametrize(
        ("arguments", "schema"),
        [
            (["wait"], "settled"),
            (["status"], "settled"),
            (["run", "test_app.py", "nowhere"], "ran"),
            (["why", "test_app.py"], "why"),
            (["why", "app"], "why"),
            (["doctor"], "doctor"),
        ],
    )
    def test_are_as_documented(self, session, arguments, schema):
        answer = json.loads(python(session.project.root, *arguments, "--json").stdout)
        assert mismatches(answer, SCHEMAS[schema]) == []

    def test_the_documented_check_finds_what_is_wrong(self):
        assert mismatches({"event": "settled", "exit_code": "0", "more": 1}, SCHEMAS["settled"]) == [
            "answer has no outcomes",
            "answer.exit_code is '0', no integer",
            "answer has more",
        ]

    def test_events_are_as_documented(self, session):
        said = python(session.project.root, "events", "--json").stdout.splitlines()
        events = [json.loads(line) for line in said] + [next(follow(str(session.project.root)))]
        assert [problem for event in events for problem in mismatches(event, SCHEMAS["event"])] == []
        kinds = {"run_started", "selected", "test", "failure", "run_finished", "settled", "following"}
        assert {event["event"] for event in events} == kinds

    def test_every_command_and_exit_code_is_documented(self):
        text = (DOCS / "commands.md").read_text(encoding="utf-8")
        commands = re.findall(r"^    (\w+) ", python(DOCS, "--help").stdout, re.MULTILINE)
        assert len(commands) == 9
        assert [name for name in commands if f"| `{name}" not in text] == []
        for name in commands:
            codes = re.search(r"exit ([\d, or]+)", python(DOCS, name, "--help").stdout)[1].replace(" or", ",")
            documented = re.search(rf"\| `{name}.*\| ([\d, ]+) \|", text)[1]
            assert set(re.findall(r"\d+", codes)) == set(re.findall(r"\d+", documented)), name


class TestHook:
    def test_refuses_what_fails_and_takes_what_passes(self, session, in_path):
        repository = make_repository(session.project, in_path)
        git(repository, in_path, "add", ".")
        done = git(repository, in_path, "commit", "-qm", "broken", check=False)
        assert done.returncode == 1
        assert "test_app.py:3: assert 2 == 1" in done.stdout + done.stderr
        runs = len(session.events())
        session.project.write("app.py", "VALUE = 1\n")
        done = git(repository, in_path, "commit", "-qam", "mended")
        assert "3 tests, 0 failing" in done.stdout + done.stderr
        assert git(repository, in_path, "log", "--format=%s").stdout == "mended\n"
        assert [e for e in session.events()[runs:] if e["event"] == "test"] == []  # proven before: nothing ran
        session.project.write("app.py", BROKEN)

    def test_is_the_readme_s(self):
        assert f"```bash\n{RECIPES['hook']}```\n" in (DOCS.parent / "README.md").read_text(encoding="utf-8")

    def test_without_a_session_runs_what_is_not_proven(self, in_path, project):
        project.apply(START)
        make_repository(project, in_path)
        git(project.root, in_path, "add", ".")
        done = git(project.root, in_path, "commit", "-qm", "first")
        assert "all 3 tests proven" in done.stdout + done.stderr
        project.write("app.py", BROKEN)
        assert git(project.root, in_path, "commit", "-qam", "second", check=False).returncode == 1


def make_repository(project, environment):
    """The *project* as a repository with the hook; its root."""
    git(project.root, environment, "init", "-q")
    hook = project.path(".git/hooks/pre-commit")
    hook.write_text(RECIPES["hook"], encoding="utf-8")
    hook.chmod(0o755)
    return project.root


def git(directory, environment, *arguments, check=True):
    name = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    return subprocess.run(
        ["git", *name, *arguments],
        cwd=directory, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=check,
    )  # fmt: skip


class TestEditors:
    def test_problem_matchers_find_where_tests_failed(self, session):
        session.step()
        tasks = json.loads(RECIPES["tasks"])["tasks"]
        for task in tasks:
            arguments = task["command"].partition("-m pytest_reloadwatch ")[2].replace("--follow", "").split()
            pattern = task["problemMatcher"]["pattern"]
            found = [
                tuple(match[pattern[part]] for part in ("file", "line", "message"))
                for line in python(session.project.root, *arguments).stdout.splitlines()
                if (match := re.match(pattern["regexp"], line))
            ]
            assert found
            assert {(file, line) for file, line, _ in found} == {("test_app.py", "3")}
        said = python(session.project.root, "events").stdout.splitlines()
        background = tasks[0]["problemMatcher"]["background"]
        assert any(re.match(background["beginsPattern"], line) for line in said)
        assert re.match(background["endsPattern"], said[-1])

    @pytest.mark.parametrize("editor", ["nvim", "vim"])
    def test_quickfix_list_has_where_tests_failed(self, session, in_path, tmp_path, editor):
        if shutil.which(editor) is None:
            pytest.skip(f"{editor} is not installed here")
        session.step()
        script = tmp_path / "script.vim"
        script.write_text(f"""{RECIPES["errorformat"]}
silent make!
let where = map(getqflist(), {{_, e -> fnamemodify(bufname(e.bufnr), ':t') . ':' . e.lnum . ':' . e.text}})
call writefile(where, '{tmp_path}/found')
qall!
""")
        subprocess.run(
            [editor, "-es", "-u", "NONE", "-S", str(script)],
            cwd=session.project.root, env=in_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
            check=False,
        )  # fmt: skip
        (found,) = (tmp_path / "found").read_text().splitlines()
        assert found.startswith("test_app.py:3:")

    def test_compilation_mode_finds_where_tests_failed(self, session, in_path, tmp_path):
        if shutil.which("emacs") is None:
            pytest.skip("emacs is not installed here")
        session.step()
        script = tmp_path / "script.el"
        script.write_text(f"""{RECIPES["compile"]}
(setq buffer (compilation-start compile-command))
(while compilation-in-progress (accept-process-output nil 0.1))
(with-current-buffer buffer
  (compilation--ensure-parse (point-max))
  (goto-char (point-min))
  (compilation-next-error 1)
  (princ (buffer-substring (line-beginning-position) (line-end-position))))
""")
        done = subprocess.run(
            ["emacs", "--batch", "-Q", "-l", str(script)],
            cwd=session.project.root, env=in_path, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        assert "test_app.py:3:" in done.stdout


def test_what_agents_are_told_to_do_works(session):
    session.step()
    commands = re.findall(r"^    python -m pytest_reloadwatch (.*)$", RECIPES["agents"], re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["wait", "run", "why"]
    codes = []
    for command in commands:
        arguments = command.replace("tests/test_a.py::test_b", "test_app.py::test_value").split()
        codes.append(python(session.project.root, *arguments).returncode)
    assert codes == [1, 1, 0]
