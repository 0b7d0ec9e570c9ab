"""Files that are no modules, and edits that leave size or time as they were."""

HAZARDS = {
    "same size within the same second": [
        """
        --- value.py
        VALUE = 1
        --- test_value.py
        from value import VALUE
        def test_value():
            assert VALUE == 1
        """,
        "--- value.py: 1 => 2",
        "--- value.py: 2 => 1",
        "--- value.py: 1 => 3",
    ],
    "same size, same modification time": [
        """
        --- value.py
        VALUE = 1
        --- test_value.py
        from value import VALUE
        def test_value():
            assert VALUE == 1
        """,
        """
        --- value.py same-stat
        VALUE = 2
        """,
        """
        --- test_value.py same-stat
        from value import VALUE
        def test_value():
            assert VALUE == 2
        """,
        """
        --- value.py same-stat
        VALUE = 3
        """,
    ],
    "data read at import": [
        """
        --- rates.json
        {"rate": 1}
        --- rates.py
        import json, pathlib
        RATE = json.loads(pathlib.Path(__file__).with_name("rates.json").read_text())["rate"]
        --- test_rates.py
        from rates import RATE
        def test_rate():
            assert RATE == 1
        """,
        "--- rates.json: 1 => 2",
        "--- rates.json: 2 => 1.0",
    ],
    "data read by a session fixture of two tests": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def data():
            with open("data.txt") as file:
                return file.read().strip()
        --- test_first.py
        def test_first(data):
            assert data == "one"
        --- test_second.py
        def test_second(data):
            assert data != "two"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => three",
    ],
    "data read by a fixture of a fixture": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def raw():
            return open_data()
        def open_data():
            with open("data.txt") as file:
                return file.read().strip()
        @pytest.fixture(scope="module")
        def data(raw):
            return raw.upper()
        --- test_first.py
        def test_first(data):
            assert data == "ONE"
        --- test_second.py
        import pytest
        @pytest.fixture
        def mine(request):
            return request.getfixturevalue("data")
        def test_second(mine):
            assert mine != "TWO"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => three",
    ],
    "data read by a fixture that another asks for by name": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def raw():
            with open("data.txt") as file:
                return file.read().strip()
        @pytest.fixture(scope="session")
        def data(request):
            return request.getfixturevalue("raw")
        --- test_first.py
        def test_first(data):
            assert data == "one"
        --- test_second.py
        def test_second(data):
            assert data != "two"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => three",
    ],
    "data read by a subprocess of a session fixture": [
        """
        --- script.py
        import helper
        print(helper.VALUE)
        --- helper.py
        VALUE = "one"
        --- conftest.py
        import subprocess
        import sys
        import pytest
        @pytest.fixture(scope="session")
        def answer():
            return subprocess.run([sys.executable, "script.py"], stdout=subprocess.PIPE, text=True).stdout
        --- test_first.py
        def test_first(answer):
            assert answer == "one\\n"
        --- test_second.py
        def test_second(answer):
            assert answer != "three\\n"
        """,
        "--- helper.py: one => three",
        "--- helper.py: three => two",
    ],
    "data read by a test": [
        """
        --- data.txt
        one
        --- test_data.py
        import pathlib
        def test_open():
            with open("data.txt") as file:
                assert file.read() == "one\\n"
        def test_pathlib():
            assert pathlib.Path("data.txt").read_bytes() != b"two\\n"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => three",
    ],
    "data read through a cached helper": [
        """
        --- data.txt
        one
        --- helper.py
        from functools import lru_cache
        @lru_cache
        def data():
            with open("data.txt") as file:
                return file.read().strip()
        --- test_first.py
        from helper import data
        def test_first():
            assert data() == "one"
        --- test_second.py
        from helper import data
        def test_second():
            assert data() != "two"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => three",
    ],
    "data in a package": [
        """
        --- pkg/__init__.py
        --- pkg/template.txt
        hello
        --- test_template.py
        import importlib.resources
        import pkgutil
        def test_resources():
            assert importlib.resources.files("pkg").joinpath("template.txt").read_text() == "hello\\n"
        def test_get_data():
            assert pkgutil.get_data("pkg", "template.txt") != b"bye\\n"
        """,
        "--- pkg/template.txt: hello => bye",
        "--- pkg/template.txt: bye => hello again",
    ],
    "data file that appears, opened in vain": [
        """
        --- settings.py
        def mode():
            try:
                with open("local.cfg") as file:
                    return file.read().strip()
            except FileNotFoundError:
                return "plain"
        --- test_settings.py
        from settings import mode
        def test_mode():
            assert mode() == "plain"
        """,
        """
        --- local.cfg
        quick
        """,
        "--- local.cfg: quick => plain",
    ],
    "data file that appears, asked for by exists": [
        """
        --- settings.py
        import os
        MODE = "local" if os.path.exists("local.cfg") else "plain"
        --- test_settings.py
        import pathlib
        import settings
        def test_mode():
            assert settings.MODE == "plain"
        def test_path():
            assert not pathlib.Path("other.cfg").is_file()
        """,
        """
        --- local.cfg
        quick
        """,
        """
        --- other.cfg
        quick
        """,
        "--- local.cfg deleted",
    ],
    "directory listed by a test and at import": [
        """
        --- cases/a.txt
        1
        --- listing.py
        import os
        NAMES = sorted(os.listdir("cases"))
        --- test_cases.py
        import glob
        import pathlib
        import listing
        def test_listdir():
            assert listing.NAMES == ["a.txt"]
        def test_glob():
            assert glob.glob("cases/*.txt") == ["cases/a.txt"]
        def test_pathlib():
            assert [p.read_text() for p in pathlib.Path("cases").iterdir()] == ["1\\n"]
        """,
        """
        --- cases/b.txt
        2
        """,
        '--- test_cases.py: NAMES == ["a.txt"] => NAMES == ["a.txt", "b.txt"]',
        "--- cases/a.txt deleted",
    ],
    "modules found in a directory": [
        """
        --- plugins/__init__.py
        --- plugins/one.py
        VALUE = 1
        --- test_plugins.py
        import importlib
        import pkgutil
        import plugins
        def test_all():
            names = [info.name for info in pkgutil.iter_modules(plugins.__path__)]
            assert [importlib.import_module("plugins." + name).VALUE for name in names] == [1]
        """,
        """
        --- plugins/two.py
        VALUE = 2
        """,
        "--- test_plugins.py: [1] => [1, 2]",
        "--- plugins/two.py: 2 => 3",
    ],
    "source read as text": [
        """
        --- app.py
        def answer():
            return 42
        --- test_app.py
        import ast
        import pathlib
        def test_parses_to_one_function():
            assert len(ast.parse(pathlib.Path("app.py").read_text()).body) == 1
        """,
        """
        --- app.py
        def answer():
            return 42
        ANSWER = 42
        """,
        "--- app.py: ANSWER = 42 => # comment",
    ],
    "working directory that is gone": [
        """
        --- data.txt
        one
        --- test_gone.py
        import os
        import pathlib
        import pytest
        HERE = pathlib.Path(__file__).parent
        @pytest.fixture
        def nowhere(tmp_path):
            os.chdir(tmp_path)
            tmp_path.rmdir()
            yield
            os.chdir(HERE)
        def test_lists(nowhere):
            assert "data.txt" in os.listdir(HERE)
        def test_reads(nowhere):
            assert (HERE / "data.txt").read_text() == "one\\n"
        def test_has_no_directory(nowhere):
            with pytest.raises(FileNotFoundError):
                open("data.txt")
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => one",
    ],
    "ini file edited": [
        """
        --- pytest.ini
        [pytest]
        python_functions = test_*
        --- test_names.py
        def test_one(): pass
        def check_two(): assert False
        """,
        "--- pytest.ini: test_* => test_* check_*",
        "--- test_names.py: False => True",
        "--- pytest.ini: test_* check_* => check_*",
    ],
}
