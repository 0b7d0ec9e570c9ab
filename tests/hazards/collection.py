"""Conftests, fixtures, and tests and files that come, go and change their names."""

HAZARDS = {
    "new test file after an edit of another": [
        """
        --- app.py
        VALUE = 1
        --- test_app.py
        from app import VALUE
        def test_value():
            assert VALUE == 1
        """,
        "--- app.py: 1 => 2",
        "--- test_app.py: == 1 => == 2",
        """
        --- test_new.py
        def test_new(): pass
        """,
        "--- app.py: 2 => 3",
        """
        --- deep/test_newer.py
        def test_newer(): pass
        """,
    ],
    "conftest edited": [
        """
        --- conftest.py
        import pytest
        @pytest.fixture
        def value():
            return 1
        --- sub/conftest.py
        import pytest
        @pytest.fixture
        def more(value):
            return value + 1
        --- sub/test_more.py
        def test_more(more):
            assert more == 2
        --- test_value.py
        def test_value(value):
            assert value == 1
        """,
        "--- conftest.py: return 1 => return 2",
        "--- sub/conftest.py: value + 1 => value",
        "--- conftest.py: return 2 => return 1",
    ],
    "conftest imports the application": [
        """
        --- app.py
        def value():
            return 1
        --- conftest.py
        import pytest
        import app
        @pytest.fixture
        def value():
            return app.value()
        --- test_value.py
        def test_value(value):
            assert value == 1
        """,
        "--- app.py: return 1 => return 2",
        "--- app.py: return 2 => return 1.0",
    ],
    "new conftest": [
        """
        --- conftest.py
        import pytest
        @pytest.fixture
        def value():
            return 1
        --- sub/test_value.py
        def test_value(value):
            assert value == 1
        """,
        """
        --- sub/conftest.py
        import pytest
        @pytest.fixture
        def value():
            return 2
        """,
        "--- sub/conftest.py: return 2 => return 1",
    ],
    "first conftest": [
        """
        --- test_value.py
        import os
        def test_value():
            assert "FROM_CONFTEST" not in os.environ
        """,
        """
        --- conftest.py
        import os
        os.environ["FROM_CONFTEST"] = "1"
        """,
        "--- conftest.py: os.environ => nothing =",
        "--- conftest.py: nothing = => os.environ",
    ],
    "autouse fixture in a conftest": [
        """
        --- state.py
        VALUE = 0
        --- conftest.py
        import pytest
        import state
        @pytest.fixture(autouse=True)
        def prepared(monkeypatch):
            monkeypatch.setattr(state, "VALUE", 1)
        --- test_state.py
        import state
        def test_state():
            assert state.VALUE == 1
        """,
        "--- conftest.py: autouse=True => autouse=False",
        "--- state.py: 0 => 1",
        "--- state.py: 1 => 2",
    ],
    "pytest_plugins": [
        """
        --- conftest.py
        pytest_plugins = ["extra_fixtures"]
        --- extra_fixtures.py
        import pytest
        from extra_values import VALUE
        @pytest.fixture
        def value():
            return VALUE
        --- extra_values.py
        VALUE = 1
        --- test_value.py
        def test_value(value):
            assert value == 1
        """,
        "--- extra_fixtures.py: return VALUE => return 2",
        "--- extra_fixtures.py: return 2 => return VALUE",
        "--- extra_values.py: 1 => 3",
    ],
    "imported parametrize values": [
        """
        --- cases.py
        CASES = [1, 2]
        --- test_cases.py
        import pytest
        from cases import CASES
        @pytest.mark.parametrize("case", CASES)
        def test_case(case):
            assert case < 3
        """,
        "--- cases.py: [1, 2] => [1, 3]",
        "--- cases.py: [1, 3] => [2]",
    ],
    "tests generated from a file": [
        """
        --- cases.txt
        1
        2
        --- conftest.py
        def pytest_generate_tests(metafunc):
            if "case" in metafunc.fixturenames:
                with open("cases.txt") as file:
                    metafunc.parametrize("case", file.read().split())
        --- test_cases.py
        def test_case(case):
            assert int(case) < 3
        """,
        "--- cases.txt: 2 => 3",
        "--- cases.txt: 3 => ",
    ],
    "test renamed, added, deleted": [
        """
        --- test_names.py
        def test_one(): pass
        def test_two(): pass
        """,
        "--- test_names.py: test_one => test_first",
        """
        --- test_names.py
        def test_first(): pass
        def test_two(): assert False
        def test_three(): assert False
        """,
        """
        --- test_names.py
        def test_three(): pass
        """,
    ],
    "test file added, renamed, deleted": [
        """
        --- tests/test_one.py
        def test_one(): pass
        """,
        """
        --- tests/test_two.py
        def test_two(): assert False
        """,
        "--- tests/test_one.py renamed tests/test_first.py",
        "--- tests/test_two.py deleted",
        """
        --- more/test_more.py
        def test_more(): pass
        """,
    ],
    "test file becomes none": [
        """
        --- test_one.py
        def test_one(): pass
        --- test_two.py
        def test_two(): pass
        """,
        "--- test_two.py renamed helper_two.py",
        "--- helper_two.py renamed deeper/test_two.py",
    ],
    "inherited tests": [
        """
        --- base_tests.py
        class BaseTests:
            limit = 1
            def test_limit(self):
                assert self.limit == 1
        --- test_derived.py
        from base_tests import BaseTests
        class TestDerived(BaseTests):
            pass
        """,
        "--- base_tests.py: limit = 1 => limit = 2",
        """
        --- base_tests.py
        class BaseTests:
            limit = 1
            def test_limit(self):
                assert self.limit == 1
            def test_more(self):
                assert self.limit == 3
        """,
    ],
    "all outcomes": [
        """
        --- state.py
        BROKEN = False
        --- test_outcomes.py
        import pytest
        import state
        @pytest.fixture
        def breaks_before():
            assert not state.BROKEN
        @pytest.fixture
        def breaks_after():
            yield
            assert not state.BROKEN
        def test_setup(breaks_before): pass
        def test_teardown(breaks_after): pass
        def test_failed_and_teardown(breaks_after): assert not state.BROKEN
        @pytest.mark.xfail(strict=False)
        def test_xfail(): assert not state.BROKEN
        @pytest.mark.xfail(strict=True)
        def test_strict(): assert not state.BROKEN
        def test_skip():
            if state.BROKEN:
                pytest.skip()
        """,
        "--- state.py: False => True",
        "--- state.py: True => 0",
    ],
}
