"""What every test shares: a project to edit, and sockets that no other session can meet."""

import os
import shutil
import tempfile

import pytest

pytest.register_assert_rewrite("harness")

from harness import Project, close_cold_runs  # noqa: E402 - after its assertions are registered

UNWANTED = ("CI", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "NO_COLOR", "FORCE_COLOR", "PYTHONDONTWRITEBYTECODE")


@pytest.fixture(autouse=True, scope="session")
def _private_environment():
    """Sessions of this process meet in a directory of its own; a socket's path has to be short."""
    directory = tempfile.mkdtemp(prefix="rw-", dir="/tmp" if os.path.isdir("/tmp") else None)
    before = dict(os.environ)
    os.environ["XDG_RUNTIME_DIR"] = directory
    for name in UNWANTED:
        os.environ.pop(name, None)
    yield
    close_cold_runs()
    os.environ.clear()
    os.environ.update(before)
    shutil.rmtree(directory)


@pytest.fixture
def project(tmp_path):
    """An empty project with an ini file."""
    return Project(tmp_path / "project")
