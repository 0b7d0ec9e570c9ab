"""The example project as a project to edit."""

import shutil
from pathlib import Path

from harness import Project

EXAMPLE = Path(__file__).resolve().parents[1] / "example_project"


def copy_of_example(directory):
    """A copy in *directory*, without caches and without the demo."""
    project = Project(Path(directory).resolve() / "shop")
    project.delete("pytest.ini")  # this one has a pyproject.toml
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", "demo.py")
    shutil.copytree(EXAMPLE, project.root, ignore=ignored, dirs_exist_ok=True)
    return project
