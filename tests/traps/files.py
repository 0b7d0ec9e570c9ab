"""Files that are no modules: read for others, looked for in several places, listed, asked about."""

NATIVE = """
        --- native.py
        import ctypes
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        libc.fgetc.argtypes = libc.fclose.argtypes = [ctypes.c_void_p]
        def first(name):
            file = libc.fopen(name.encode(), b"r")
            try:
                return chr(libc.fgetc(file))
            finally:
                libc.fclose(file)
        --- data.txt
        1
        --- test_a_other.py
        def test_other(): pass
"""

NATIVE_AT_IMPORT = (
    NATIVE
    + """
        --- test_native.py
        import native
        DATA = native.first("data.txt")
        def test_native():
            assert DATA == "1"
"""
)

TRAPS = {
    "data that a library opens by itself, and Python in another test": [
        NATIVE
        + """
        --- test_native.py
        import os
        import native
        def test_python():
            with open("data.txt") as data:
                assert data.read() != "3\\n"
        def test_asks():
            assert [entry.name for entry in os.scandir() if entry.stat().st_size == 2] == ["data.txt"]
        def test_native():
            assert native.first("data.txt") == "1"
        """,
        "--- data.txt: 1 => 2",
        "--- data.txt: 2 => 3",
        "--- data.txt: 3 => 1",
    ],
    "data that a library opens by itself": [
        NATIVE
        + """
        --- test_native.py
        import native
        def test_before(): pass
        def test_first():
            assert native.first("data.txt") == "1"
        """,
        "--- data.txt: 1 => 2",
        "--- data.txt: 2 => 1",
    ],
    "data that a library opens for a fixture": [
        NATIVE
        + """
        --- conftest.py
        import pytest
        import native
        @pytest.fixture(scope="session")
        def data():
            return native.first("data.txt")
        --- test_first.py
        def test_first(data): pass
        --- test_second.py
        def test_second(data):
            assert data == "1"
        """,
        "--- data.txt: 1 => 2",
    ],
    "data that a library opens at import": [
        NATIVE_AT_IMPORT
        + """
        --- test_second.py
        import test_native
        def test_second():
            assert test_native.DATA == "1"
        """,
        "--- data.txt: 1 => 2",
    ],
    "data that a library opens at import, and a test by Python": [
        NATIVE_AT_IMPORT
        + """
        --- test_python.py
        def test_python():
            assert open("data.txt").read()
        """,
        "--- data.txt: 1 => 2",
    ],
    "data that no command and no line of a script names": [
        """
        --- data.txt
        1
        --- show.sh
        name=data
        cat $name.txt
        --- test_show.py
        import subprocess
        def test_show():
            assert subprocess.run(["sh", "show.sh"], stdout=subprocess.PIPE).stdout == b"1\\n"
        """,
        "--- data.txt: 1 => 2",
    ],
    "source of which only is asked whether it is there": [
        """
        --- local_settings.py
        DEBUG = True
        --- settings.py
        import os
        IS_LOCAL = os.path.isfile("local_settings.py")
        --- test_settings.py
        import settings
        def test_local():
            assert settings.IS_LOCAL
        --- test_direct.py
        import os
        def test_direct():
            assert os.path.exists("local_settings.py")
        --- test_debug.py
        import pathlib
        def test_debug():
            assert "True" in pathlib.Path("local_settings.py").read_text()
        """,
        "--- local_settings.py: True => False",
        "--- local_settings.py deleted",
        """
        --- local_settings.py
        DEBUG = False
        """,
    ],
    "file opened to be read and written": [
        """
        --- count.txt
        1
        --- test_count.py
        def test_count():
            with open("count.txt", "r+") as file:
                assert file.read() == "1\\n"
        """,
        "--- count.txt: 1 => 2",
    ],
    "line of a source that a traceback shows": [
        """
        --- shop.py
        def price():
            raise ValueError  # no price yet
        --- report.py
        import traceback
        def report(call):
            try:
                call()
            except ValueError:
                return traceback.format_exc()
        --- test_report.py
        import report, shop
        def test_first():
            assert "no price" in report.report(shop.price)
        def test_second():
            assert "no price" in report.report(shop.price)
        --- test_other.py
        import report, shop
        def test_other():
            pass
        """,
        "--- shop.py: # no price yet => # nothing yet",
        "--- shop.py: # nothing yet => # no price today",
    ],
    "data file read by a library on behalf of a test": [
        """
        --- data.txt
        one
        --- other.txt
        one
        --- reader.py
        def read(name):
            with open(name) as file:
                return file.read().strip()
        --- test_data.py
        from reader import read
        def test_data():
            assert read("data.txt") == "one"
        def test_other():
            assert read("other.txt") == "one"
        """,
        "--- data.txt: one => two",
        "--- other.txt: one => two",
    ],
    "data file read by a helper that keeps it": [
        """
        --- data.txt
        one
        --- helper.py
        from functools import cache
        @cache
        def data():
            with open("data.txt") as file:
                return file.read().strip()
        --- test_a.py
        import helper
        def test_first():
            assert helper.data()
        --- test_b.py
        import helper
        def test_second():
            assert helper.data() == "one"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => one",
    ],
    "data file read beside its module, and moved": [
        """
        --- pkg/__init__.py
        --- pkg/rates.py
        import pathlib
        HERE = pathlib.Path(__file__).parent
        def rate():
            return (HERE / "rate.txt").read_text().strip()
        --- pkg/rate.txt
        1
        --- test_rates.py
        from pkg import rates
        def test_rate():
            assert rates.rate() == "1"
        """,
        "--- pkg/rate.txt renamed pkg/data/rate.txt",
        '--- pkg/rates.py: HERE / "rate.txt" => HERE / "data" / "rate.txt"',
        "--- pkg/data/rate.txt: 1 => 2",
    ],
    "template found by a search path": [
        """
        --- theirs/page.txt
        theirs
        --- ours/other.txt
        ours
        --- templates.py
        def find(name):
            for place in ("ours", "theirs"):
                try:
                    with open(f"{place}/{name}") as file:
                        return file.read().strip()
                except FileNotFoundError:
                    continue
        --- test_page.py
        import templates
        def test_page():
            assert templates.find("page.txt") == "theirs"
        def test_other():
            assert templates.find("other.txt") == "ours"
        """,
        """
        --- ours/page.txt
        ours
        """,
        "--- ours/page.txt deleted",
    ],
    "template found by what exists": [
        """
        --- theirs/page.txt
        theirs
        --- templates.py
        import os
        def find(name):
            return next(place for place in ("ours", "theirs") if os.path.isfile(os.path.join(place, name)))
        --- test_page.py
        import templates
        def test_page():
            assert templates.find("page.txt") == "theirs"
        """,
        """
        --- ours/page.txt
        ours
        """,
        "--- ours/page.txt deleted",
    ],
    "a program looked for on a search path": [
        """
        --- bin/second/tool
        --- test_tool.py
        import os
        import shutil
        def test_tool():
            assert shutil.which("tool", mode=os.F_OK, path="bin/first:bin/second") == "bin/second/tool"
        """,
        """
        --- bin/first/tool
        """,
        "--- bin/first/tool deleted",
    ],
    "a glob with a plain name at its end": [
        """
        --- sites/one/site.cfg
        1
        --- sites/two/other.cfg
        1
        --- test_sites.py
        import glob
        import pathlib
        def test_glob():
            assert glob.glob("sites/*/site.cfg") == ["sites/one/site.cfg"]
        def test_pathlib():
            assert list(pathlib.Path("sites").glob("*/site.cfg")) == [pathlib.Path("sites/one/site.cfg")]
        """,
        """
        --- sites/two/site.cfg
        2
        """,
        "--- sites/two/site.cfg deleted",
    ],
    "a link that is asked about, not followed": [
        """
        --- data.txt
        one
        --- test_link.py
        import os
        def test_lexists():
            assert not os.path.lexists("flag")
        def test_access():
            assert not os.access("switch", os.R_OK)
        """,
        """
        --- flag
        1
        """,
        """
        --- switch
        1
        """,
        "--- flag deleted",
    ],
    "sizes told by a directory": [
        """
        --- data/one.txt
        one
        --- test_sizes.py
        import os
        def test_sizes():
            with os.scandir("data") as entries:
                assert sum(entry.stat().st_size for entry in entries) == 4
        """,
        "--- data/one.txt: one => three",
        "--- data/one.txt: three => two",
    ],
    "new file in a directory that is listed": [
        """
        --- cases/a.txt
        a
        --- helper.py
        import os
        def names():
            return sorted(name for _, _, names in os.walk("cases") for name in names)
        --- test_names.py
        import helper
        def test_names():
            assert helper.names() == ["a.txt"]
        --- test_apart.py
        def test_apart(): pass
        """,
        """
        --- cases/deep/b.txt
        b
        """,
        "--- cases/deep deleted",
    ],
    "answer of exists, at import and in a fixture": [
        """
        --- flags.py
        import pathlib
        FAST = pathlib.Path("fast.flag").exists()
        --- conftest.py
        import os
        import pytest
        @pytest.fixture(scope="session")
        def loud():
            return os.path.exists("loud.flag")
        --- test_flags.py
        import flags
        def test_fast():
            assert not flags.FAST
        def test_loud(loud):
            assert not loud
        --- test_second.py
        def test_loud_too(loud):
            assert not loud
        """,
        "--- fast.flag",
        "--- loud.flag",
    ],
    "back-dated save": [
        """
        --- limits.py
        LIMIT = 3
        --- data.txt
        one
        --- test_limits.py
        from limits import LIMIT
        def test_limit():
            assert LIMIT == 3
        def test_data():
            assert open("data.txt").read() == "one\\n"
        """,
        """
        --- limits.py older
        LIMIT = 4
        """,
        """
        --- data.txt older
        two
        """,
    ],
    "save with the same size and time": [
        """
        --- limits.py
        LIMIT = 3
        --- data.txt
        one
        --- test_limits.py
        import pathlib
        from limits import LIMIT
        def test_limit():
            assert LIMIT == 3
        def test_data():
            assert pathlib.Path("data.txt").read_text() == "one\\n"
        """,
        """
        --- limits.py same-stat
        LIMIT = 4
        """,
        """
        --- data.txt same-stat
        two
        """,
    ],
    "source executed as text": [
        """
        --- recipe.py
        VALUE = 1
        --- other.py
        VALUE = 1
        --- test_recipe.py
        import runpy
        def test_exec():
            names = {}
            with open("recipe.py") as file:
                exec(file.read(), names)
            assert names["VALUE"] == 1
        def test_run_path():
            assert runpy.run_path("other.py")["VALUE"] == 1
        """,
        "--- recipe.py: 1 => 2",
        "--- other.py: 1 => 2",
    ],
    "database file": [
        """
        --- shop.py
        import sqlite3
        def orders():
            connection = sqlite3.connect("shop.db")
            try:
                return connection.execute("select name from orders").fetchall()
            except sqlite3.DatabaseError as error:
                return str(error)
            finally:
                connection.close()
        --- shop.db
        --- test_shop.py
        import shop
        def test_orders():
            assert shop.orders() == "no such table: orders"
        def test_apart(): pass
        """,
        """
        --- shop.db
        this is text and no database at all
        """,
        "--- shop.db: this is text and no database at all => ",
    ],
    "configuration in a package's resources": [
        """
        --- app/__init__.py
        --- app/config.json
        {"port": 1}
        --- app/config.py
        import importlib.resources
        import json
        def port():
            return json.loads(importlib.resources.files("app").joinpath("config.json").read_text())["port"]
        --- test_config.py
        from app.config import port
        def test_port():
            assert port() == 1
        """,
        "--- app/config.json: 1 => 2",
        "--- app/config.json: 2 => 1.0",
    ],
    "data read by a child process": [
        """
        --- script.py
        import helper
        print(helper.VALUE, open("data.txt").read())
        --- helper.py
        VALUE = 1
        --- data.txt
        one
        --- test_script.py
        import subprocess
        import sys
        def test_script():
            done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True)
            assert done.stdout.split() == ["1", "one"]
        """,
        "--- helper.py: 1 => 2",
        "--- helper.py: 2 => 1",
        "--- data.txt: one => two",
    ],
    "shared library that is loaded by its path": [
        """
        --- library.so
        no library, but long enough to be looked at, for no loader takes less than the sixty-four bytes of a header
        --- test_library.py
        import ctypes
        import pytest
        def test_library():
            with pytest.raises(OSError) as raised:
                ctypes.CDLL("./library.so")
            assert "too short" not in str(raised.value)
        """,
        """
        --- library.so
        short
        """,
        """
        --- library.so
        again no library, but long enough to be looked at, for no loader takes less than the bytes of a header
        """,
    ],
    "data named in the command of another program": [
        """
        --- say.sh
        . ./word.sh
        --- word.sh
        echo one
        --- data/a.txt
        one
        --- version.py
        import subprocess
        VERSION = subprocess.check_output(["cat", "data/version"], text=True)
        --- data/version
        one
        --- test_programs.py
        import os
        import subprocess
        import version
        def test_script():
            assert subprocess.check_output(["sh", "say.sh"]) == b"one\\n"
        def test_elsewhere():
            assert subprocess.check_output(["cat", "a.txt"], cwd="data") == b"one\\n"
        def test_shell():
            assert subprocess.check_output("cat <data/a.txt | tail -1", shell=True) == b"one\\n"
        def test_system():
            assert os.system("grep -q one data/a.txt") == 0
        def test_directory():
            assert "two" not in subprocess.check_output(["grep", "-r", ".", "data/"], text=True)
        def test_kept():
            assert version.VERSION == "one\\n"
        """,
        "--- word.sh: one => two",
        "--- word.sh: two => one",
        "--- say.sh: . ./word.sh => echo two",
        "--- data/a.txt: one => two",
        "--- data/a.txt: two => one",
        "--- data/version: one => 2",
        """
        --- data/new.txt
        two
        """,
    ],
    "what is relative to a directory's descriptor": [
        """
        --- data/a.txt
        one
        --- looks.py
        import os
        def look(what):
            directory = os.open("data", os.O_RDONLY)
            try:
                return what(directory)
            finally:
                os.close(directory)
        def is_there(name):
            return look(lambda directory: os.access(name, os.R_OK, dir_fd=directory))
        --- test_looks.py
        import os, subprocess, sys
        from looks import is_there, look
        def test_size():
            assert look(lambda directory: os.stat("a.txt", dir_fd=directory)).st_size == 4
        def test_missing():
            assert not is_there("b.txt")
        def test_lists():
            assert look(os.listdir) == ["a.txt"]
        def test_scans():
            with look(os.scandir) as entries:
                assert entries
        def test_walks():
            assert sorted(name for *_, names, _ in os.fwalk("data") for name in names) == ["a.txt"]
        def test_child():
            code = "import os, looks; assert looks.look(os.listdir) == ['a.txt'] and not looks.is_there('b.txt')"
            subprocess.run([sys.executable, "-c", code], check=True)
        """,
        "--- data/a.txt: one => three",
        """
        --- data/b.txt
        """,
        "--- data/a.txt: three => two",
    ],
    "data of a module that was edited and undone": [
        """
        --- data.txt
        1
        --- shop.py
        with open("data.txt") as data:
            PRICE = int(data.read())
        def count():
            return 1
        --- test_a.py
        import shop
        def test_a():
            assert shop.count() == 1
        --- test_b.py
        import shop
        def test_b():
            assert shop.PRICE == 1
        """,
        "--- test_b.py: == 1 => == 3",
        "--- shop.py: return 1 => return 2",
        "--- shop.py: return 2 => return 1",
        "--- test_b.py: == 3 => == 1",
        "--- data.txt: 1 => 2",
    ],
    "what threads ask about": [
        """
        --- data/a.txt
        one
        --- test_threads.py
        import asyncio, os
        from concurrent.futures import ThreadPoolExecutor
        def test_there():
            assert not asyncio.run(asyncio.to_thread(os.path.exists, "data/b.txt"))
        def test_size():
            with ThreadPoolExecutor() as pool:
                assert list(pool.map(os.path.getsize, ["data/a.txt"])) == [4]
        """,
        "--- data/a.txt: one => three",
        """
        --- data/b.txt
        """,
        "--- data/a.txt: three => two",
        "--- data/b.txt deleted",
    ],
    "what a plugin's fixture asks about": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = venv/site-packages
        addopts = -p plugin
        --- venv/site-packages/plugin.py
        import os
        import pytest
        @pytest.fixture
        def data(request):
            return os.path.isdir(os.path.splitext(request.node.path)[0])
        --- test_data.py
        def test_data(data):
            assert not data
        """,
        """
        --- test_data/a.txt
        """,
        "--- test_data deleted",
    ],
    "a note beside the tests": [
        """
        --- README.md
        one
        --- test_value.py
        def test_value(): pass
        """,
        "--- README.md: one => two",
        """
        --- NOTES.md
        new
        """,
    ],
}

UNMOVED = ("a note beside the tests",)

SPARED = {
    "line of a source that a traceback shows": ("test_other.py::test_other",),
    "new file in a directory that is listed": ("test_apart.py::test_apart",),
    "a note beside the tests": ("test_value.py::test_value",),
}
