"""Which conftests are felt beyond their directory."""

import pytest

from pytest_reloadwatch.graph.reach import reaches_beyond

HERE_ONLY = [
    "",
    "import os\nVALUE = 1\n",
    "import pytest\n@pytest.fixture(scope='session')\ndef value(): return 1\n",
    "def pytest_runtest_setup(item): pass\n",
    "def pytest_generate_tests(metafunc): pass\n",
    "def pytest_collect_file(file_path, parent): pass\n",
    "def broken(:\n",
]
BEYOND = [
    "import os\nos.environ['A'] = 'b'\n",
    "import registry\nregistry.add('a')\n",
    "def pytest_collection_modifyitems(items): pass\n",
    "def pytest_sessionstart(session): pass\n",
]


@pytest.mark.parametrize("source", HERE_ONLY)
def test_felt_in_its_directory(source):
    assert not reaches_beyond(source.encode())


@pytest.mark.parametrize("source", BEYOND)
def test_felt_by_all(source):
    assert reaches_beyond(source.encode())
