"""Ways of working: options that change, branches, and verdicts that are no proof."""

TRAPS = {
    "functions of os that a test replaces": [
        """
        --- shop.py
        import os, subprocess, sys
        def there(path):
            return os.path.exists(path) and not os.path.islink(path)
        def version():
            subprocess.run([sys.executable, "-c", "import late"], check=True)
            import late
            return late.VERSION
        --- late.py
        VERSION = 1
        --- test_shop.py
        import os, pytest, shop
        @pytest.mark.parametrize("name", ["stat", "lstat"])
        def test_counted(monkeypatch, name):
            seen, original = [], getattr(os, name)
            def counted(path, *args, **options):
                seen.append(path)
                return original(path, *args, **options)
            monkeypatch.setattr(os, name, counted)
            assert shop.there("shop.py")
            assert len(seen) == 1
        def test_forbidden(monkeypatch):
            def forbidden(*args, **options):
                pytest.fail("called")
            with monkeypatch.context() as patch:
                for name in ["getcwd", "path.abspath", "path.islink", "listdir", "readlink"]:
                    patch.setattr("os." + name, forbidden)
                assert shop.version() == 1
                open("data.txt").close()
        --- data.txt
        """,
        "--- late.py: 1 => 2",
        "--- late.py: 2 => 1",
    ],
    "options in the ini file": [
        """
        --- pytest.ini
        [pytest]
        addopts = -k one
        --- test_a.py
        def test_one(): pass
        def test_two(): pass
        """,
        "--- pytest.ini: one => two",
        "--- pytest.ini: -k two => --strict-markers",
    ],
    "an ini value that tests look at": [
        """
        --- pytest.ini
        [pytest]
        xfail_strict = false
        --- test_a.py
        import pytest
        @pytest.mark.xfail
        def test_one(): pass
        """,
        "--- pytest.ini: false => true",
        "--- pytest.ini: true => no",
    ],
    "pytest's part of pyproject.toml": [
        """
        --- pytest.ini deleted
        --- pyproject.toml
        [tool.pytest.ini_options]
        python_functions = ["test_*"]
        --- test_a.py
        def test_one(): pass
        def check_two(): pass
        """,
        '--- pyproject.toml: "test_*" => "test_*", "check_*"',
        '--- pyproject.toml: "test_*", "check_*" => "check_*"',
    ],
    "a warning that the ini file names": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = .
        filterwarnings = error::notices.Notice
        --- notices.py
        Notice = UserWarning
        --- test_a.py
        import warnings
        def test_warning():
            warnings.warn("old", DeprecationWarning)
        """,
        "--- notices.py: UserWarning => DeprecationWarning",
    ],
    "a plugin of the project that the ini file names": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = .
        addopts = -p helpers
        --- helpers.py
        import pytest
        from values import VALUE
        @pytest.fixture
        def value():
            return VALUE
        --- values.py
        VALUE = 1
        --- test_a.py
        def test_value(value):
            assert value == 1
        """,
        "--- values.py: 1 => 2",
        "--- helpers.py: return VALUE => return 1",
    ],
    "a branch and back": [
        """
        --- values.py
        VALUE = 1
        --- test_a.py
        from values import VALUE
        def test_a():
            assert VALUE == 1
        --- data.txt
        one
        --- test_b.py
        def test_b():
            assert open("data.txt").read() == "one\\n"
        """,
        """
        --- values.py
        VALUE = 2
        --- data.txt
        two
        --- test_c.py
        def test_c(): pass
        """,
        """
        --- values.py
        VALUE = 1
        --- data.txt
        one
        --- test_c.py deleted
        """,
        """
        --- values.py
        VALUE = 2
        --- data.txt
        one
        """,
    ],
}
