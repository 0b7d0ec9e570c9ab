"""Processes that tests, fixtures and imports start, and what only they read."""

HAZARDS = {
    "data read by a child": [
        """
        --- data.txt
        one
        --- script.py
        import pathlib
        print(pathlib.Path(__file__).with_name("data.txt").read_text())
        --- test_script.py
        import subprocess, sys
        def test_output():
            assert "one" in subprocess.check_output([sys.executable, "script.py"], text=True)
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => one",
        "--- script.py: data.txt => script.py",
    ],
    "data that a child asks for, lists and opens in vain": [
        """
        --- cases/a.txt
        --- script.py
        import os
        def text(name):
            try:
                with open(name) as file:
                    return file.read()
            except FileNotFoundError:
                return "nothing"
        print(os.path.exists("asked.cfg"), text("opened.cfg"), os.listdir("cases"))
        --- test_script.py
        import subprocess, sys
        def test_output():
            output = subprocess.check_output([sys.executable, "script.py"], text=True)
            assert output == "False nothing ['a.txt']\\n"
        """,
        """
        --- asked.cfg
        """,
        "--- asked.cfg deleted",
        """
        --- opened.cfg
        something
        """,
        "--- opened.cfg deleted",
        """
        --- cases/b.txt
        """,
    ],
    "a database that a child reads": [
        """
        --- make.py
        import pathlib, sqlite3
        VALUE = 1
        def make():
            pathlib.Path("numbers.db").unlink(missing_ok=True)
            database = sqlite3.connect("numbers.db")
            database.execute("create table numbers as select %d as n" % VALUE)
            database.commit()
            database.close()
        --- script.py
        import sqlite3
        database = sqlite3.connect("numbers.db")
        raise SystemExit(database.execute("select n from numbers").fetchone()[0])
        --- test_make.py
        import make, subprocess, sys
        def test_exit_code():
            make.make()
            assert subprocess.run([sys.executable, "script.py"]).returncode == 1
        """,
        "--- make.py: VALUE = 1 => VALUE = 2",
        "--- script.py: fetchone()[0] => fetchone()[0] - 1",
    ],
    "a module of a child that appears earlier on its path": [
        """
        --- first/readme.txt
        --- second/helper.py
        VALUE = 1
        --- script.py
        import sys
        sys.path[:0] = ["first", "second"]
        import helper
        try:
            import extra
        except ImportError:
            pass
        raise SystemExit(helper.VALUE)
        --- test_script.py
        import subprocess, sys
        def test_exit_code():
            assert subprocess.run([sys.executable, "script.py"]).returncode == 1
        """,
        """
        --- first/helper.py
        VALUE = 2
        """,
        "--- first/helper.py: 2 => 1",
        """
        --- second/extra.py
        raise SystemExit(3)
        """,
        "--- second/extra.py: 3 => 1",
        """
        --- first/extra/__init__.py
        raise SystemExit(4)
        """,
    ],
    "a module by its name, a package, and code in the command": [
        """
        --- helper.py
        VALUE = 1
        --- pkg/__init__.py
        --- pkg/__main__.py
        import importlib
        from . import other
        raise SystemExit(importlib.import_module("help" + "er").VALUE + other.VALUE)
        --- pkg/other.py
        VALUE = 0
        --- test_children.py
        import subprocess, sys
        def test_command():
            code = "import helper; raise SystemExit(helper.VALUE)"
            assert subprocess.run([sys.executable, "-Bc", code]).returncode == 1
        def test_module():
            assert subprocess.run([sys.executable, "-W", "ignore", "-m", "pkg"]).returncode == 1
        """,
        "--- helper.py: 1 => 2",
        "--- pkg/__main__.py: .VALUE + other => .VALUE - 1 + other",
        "--- helper.py: 2 => 1",
        "--- pkg/other.py: 0 => 1",
        """
        --- pkg/other/__init__.py
        VALUE = 2
        """,
    ],
    "a script with a first line": [
        """
        --- helper.py
        VALUE = 1
        --- conftest.py
        import pathlib, sys
        def write(path, line):
            path.write_text(line + "\\nimport helper\\nraise SystemExit(helper.VALUE)\\n")
            path.chmod(0o755)
            return path
        --- test_script.py
        import conftest, os, pathlib, subprocess, sys
        HERE = str(pathlib.Path(__file__).parent)
        def run(path):
            places = [os.path.dirname(sys.executable), os.environ["PATH"]]
            environment = {**os.environ, "PYTHONPATH": HERE, "PATH": os.pathsep.join(places)}
            return subprocess.run([str(path)], env=environment).returncode
        def test_script(tmp_path):
            assert run(conftest.write(tmp_path / "command", f"#!{sys.executable}")) == 1
        def test_found_by_env(tmp_path):
            name = os.path.basename(sys.executable)
            assert run(conftest.write(tmp_path / "command", f"#!/usr/bin/env {name}")) == 1
        def test_isolated(tmp_path):
            assert run(conftest.write(tmp_path / "command", f"#!{sys.executable} -E")) == 1
        """,
        "--- helper.py: 1 => 2",
        "--- conftest.py: helper.VALUE) => helper.VALUE - 1)",
    ],
    "a child of a shell": [
        """
        --- data.txt
        1
        --- helper.py
        VALUE = 1
        --- script.py
        import helper
        raise SystemExit(helper.VALUE)
        --- test_script.py
        import subprocess, sys
        def test_exit_code():
            assert subprocess.run(f"{sys.executable} script.py", shell=True).returncode == 1
        """,
        "--- helper.py: 1 => 2",
        "--- script.py: helper.VALUE => helper.VALUE - 1",
    ],
    "a child with an environment of its own": [
        """
        --- lib/helper.py
        VALUE = 1
        --- data.txt
        1
        --- test_environment.py
        import os, subprocess, sys
        def run(code, environment):
            return subprocess.run([sys.executable, "-c", code], env=environment).returncode
        def test_empty():
            assert run("raise SystemExit(int(open('data.txt').read()))", {}) == 1
        def test_given():
            assert run("import helper; raise SystemExit(helper.VALUE)", {"PYTHONPATH": "lib"}) == 1
        """,
        "--- data.txt: 1 => 2",
        "--- lib/helper.py: 1 => 2",
        "--- data.txt: 2 => 1",
    ],
    "a child that is isolated": [
        """
        --- script.py
        raise SystemExit(1)
        --- test_script.py
        import subprocess, sys
        def test_exit_code():
            assert subprocess.run([sys.executable, "-I", "script.py"]).returncode == 1
        """,
        "--- script.py: 1 => 2",
        "--- script.py: 2 => 3 - 2",
    ],
    "a child that is killed, and one that leaves without a word": [
        """
        --- data.txt
        one
        --- other.txt
        1
        --- killed.py
        import sys, time
        print(open("data.txt").read(), flush=True)
        sys.stdin.read()
        --- leaves.py
        import os
        os._exit(int(open("other.txt").read()))
        --- test_children.py
        import subprocess, sys
        def test_killed():
            child = subprocess.Popen([sys.executable, "killed.py"], stdin=-1, stdout=-1)
            answer = child.stdout.readline()
            child.kill()
            child.communicate()
            assert answer == b"one\\n"
        def test_leaves():
            assert subprocess.run([sys.executable, "leaves.py"]).returncode == 1
        """,
        "--- data.txt: one => two",
        "--- other.txt: 1 => 2",
        "--- data.txt: two => one",
    ],
    "a grandchild, a fork and another program": [
        """
        --- one.txt
        1
        --- two.txt
        2
        --- three.py
        raise SystemExit(3)
        --- reads.py
        import sys
        raise SystemExit(int(open(sys.argv[1]).read()))
        --- starts.py
        import subprocess, sys
        raise SystemExit(subprocess.run([sys.executable, "reads.py", "one.txt"]).returncode)
        --- forks.py
        import os
        child = os.fork()
        if not child:
            os._exit(int(open("two.txt").read()))
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        --- replaces.py
        import os, sys
        os.execv(sys.executable, [sys.executable, "-I", "three.py"])
        --- test_children.py
        import subprocess, sys
        def test_starts():
            assert subprocess.run([sys.executable, "starts.py"]).returncode == 1
        def test_forks():
            assert subprocess.run([sys.executable, "forks.py"]).returncode == 2
        def test_replaces():
            assert subprocess.run([sys.executable, "replaces.py"]).returncode == 3
        """,
        "--- one.txt: 1 => 2",
        "--- two.txt: 2 => 1",
        "--- three.py: 3 => 4",
        "--- one.txt: 2 => 1",
        "--- two.txt: 1 => 2",
    ],
    "multiprocessing, spawning": [
        """
        --- data.txt
        1
        --- worker.py
        import sys
        def work():
            sys.exit(int(open("data.txt").read()))
        --- test_work.py
        import multiprocessing
        import worker
        def test_work():
            process = multiprocessing.get_context("spawn").Process(target=worker.work)
            process.start()
            process.join()
            assert process.exitcode == 1
        """,
        "--- data.txt: 1 => 2",
        "--- worker.py: int(open => -1 + int(open",
        "--- data.txt: 2 => 1",
    ],
    "multiprocessing, forking, and processes that forks start": [
        """
        --- one.txt
        1
        --- two.txt
        2
        --- three.txt
        3
        --- worker.py
        import os, subprocess, sys
        def work():
            sys.exit(int(open("one.txt").read()))
        def start():
            code = "raise SystemExit(int(open('two.txt').read()))"
            sys.exit(subprocess.run([sys.executable, "-c", code]).returncode)
        --- test_work.py
        import multiprocessing, os, pytest
        import worker
        @pytest.mark.parametrize(("target", "code"), [(worker.work, 1), (worker.start, 2)])
        def test_work(target, code):
            process = multiprocessing.get_context("fork").Process(target=target)
            process.start()
            process.join()
            assert process.exitcode == code
        def test_fork():
            child = os.fork()
            if not child:
                os._exit(int(open("three.txt").read()))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        """,
        "--- one.txt: 1 => 2",
        "--- two.txt: 2 => 1",
        "--- three.txt: 3 => 1",
        "--- worker.py: int(open => -1 + int(open",
        "--- one.txt: 2 => 1",
    ],
    "multiprocessing with a server of forks": [
        """
        --- data.txt
        1
        --- worker.py
        import sys
        def work():
            sys.exit(int(open("data.txt").read()))
        --- test_work.py
        import multiprocessing, pytest
        import worker
        @pytest.fixture(autouse=True, scope="session")
        def _end():
            yield
            from multiprocessing import forkserver
            forkserver._forkserver._stop()
        @pytest.mark.parametrize("number", [1, 2])
        def test_work(number):
            process = multiprocessing.get_context("forkserver").Process(target=worker.work)
            process.start()
            process.join()
            assert process.exitcode == 1
        """,
        "--- data.txt: 1 => 2",
        "--- data.txt: 2 => 1",
    ],
    "what the traceback of a child shows": [
        """
        --- helper.py
        def fail():
            raise ValueError  # one
        --- script.py
        import helper
        helper.fail()  # first
        --- test_traceback.py
        import subprocess, sys
        def error(*words):
            return subprocess.run([sys.executable, *words], stderr=subprocess.PIPE, text=True).stderr
        def test_command():
            assert "# one" in error("-c", "import helper; helper.fail()")
        def test_script():
            assert "# one" in error("script.py")
        def test_script_itself():
            assert "# first" in error("script.py")
        """,
        "--- helper.py: # one => # two",
        "--- script.py: # first => # second",
        "--- helper.py: # two => # one",
    ],
    "a session fixture that starts a server": [
        """
        --- one.txt
        1
        --- two.txt
        2
        --- server.py
        import sys
        for line in sys.stdin:
            print(open(line.strip()).read().strip(), flush=True)
        --- conftest.py
        import subprocess, sys
        import pytest
        @pytest.fixture(scope="session")
        def server():
            child = subprocess.Popen([sys.executable, "server.py"], stdin=-1, stdout=-1, text=True)
            yield child
            child.communicate()
        @pytest.fixture
        def ask(server):
            def ask(name):
                server.stdin.write(name + "\\n")
                server.stdin.flush()
                return server.stdout.readline()
            return ask
        --- test_one.py
        def test_one(ask):
            assert ask("one.txt") == "1\\n"
        --- test_two.py
        def test_two(ask):
            assert ask("two.txt") == "2\\n"
        """,
        "--- two.txt: 2 => 3",
        "--- one.txt: 1 => 2",
        "--- two.txt: 3 => 2",
        "--- server.py: .read() => .read().replace('2', '1')",
    ],
    "a child at import": [
        """
        --- VERSION
        1
        --- describe.py
        print(open("VERSION").read().strip())
        --- version.py
        import subprocess, sys
        VERSION = subprocess.check_output([sys.executable, "describe.py"], text=True)
        --- test_version.py
        import version
        def test_version():
            assert version.VERSION == "1\\n"
        """,
        "--- VERSION: 1 => 2",
        "--- VERSION: 2 => 1",
        "--- describe.py: .strip() => ",
        "--- describe.py: .read() => .read().strip()",
    ],
    "a child at import that does not report": [
        """
        --- value.py
        VALUE = 1
        --- asks.py
        import subprocess, sys
        ANSWER = subprocess.call(f"{sys.executable} -c 'import value; raise SystemExit(value.VALUE)'", shell=True)
        --- test_asks.py
        import asks
        def test_answer():
            assert asks.ANSWER == 1
        --- test_other.py
        def test_other(): pass
        """,
        "--- value.py: 1 => 2",
        "--- value.py: 2 => 1",
    ],
    "what a helper keeps of a child's answer": [
        """
        --- data.txt
        1
        --- helper.py
        import functools, subprocess, sys
        @functools.lru_cache
        def answer():
            return subprocess.call([sys.executable, "-c", "raise SystemExit(int(open('data.txt').read()))"])
        --- test_first.py
        import helper
        def test_first():
            assert helper.answer() == 1
        --- test_second.py
        import helper
        def test_second():
            assert helper.answer() != 3
        """,
        "--- data.txt: 1 => 2",
        "--- data.txt: 2 => 3",
    ],
}
