"""What --cov and its options ask for, with what coverage's configuration says: read once, before the first fork."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.digest import digest_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

# What decides what is measured: other figures than before are no figures.
_MEASURING = (
    "branch concurrency context cover_pylib core dynamic_context include_namespace_packages patch plugins"
    " plugin_options run_include run_omit source source_dirs source_pkgs timid"
).split()


_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
_UNREADABLE = "coverage's configuration cannot be read"


@dataclass(frozen=True)
class Settings:
    """*options* are pytest-cov's, by name; *data_file* is absolute; *files* are those of the configuration.

    *digest* is that of all that decides what is measured; *core* the measuring core where one is chosen. *diff* is the
    git revision whose changes are to be covered, empty for none, and *diff_least* how many percent of them.
    """

    options: Mapping[str, Any]
    directory: str
    data_file: str
    files: frozenset[str]
    digest: str
    core: str
    diff: str = ""
    diff_least: float | None = None

    @property
    def fail_under(self) -> float:
        return float(self.options["cov_fail_under"] or 0)

    def configuration(self) -> str:
        """The digest of all that coverage's configuration says just now, or why it cannot be read."""
        from coverage.exceptions import CoverageException

        try:
            found = vars(new_coverage(self.options).config)
        except CoverageException as error:
            return f"{_UNREADABLE}: {error}"
        return digest_text(repr(sorted((name, repr(value)) for name, value in found.items())))

    def problem(self) -> str:
        """Why coverage could not start just now; empty when it can."""
        found = self.configuration()
        return found if found.startswith(_UNREADABLE) else ""


def from_config(config: pytest.Config) -> Settings | None:
    """The settings; None where nothing is to be measured. Raises pytest.UsageError for a bad configuration."""
    chosen = config.known_args_namespace
    if not getattr(chosen, "cov_source", None) or getattr(chosen, "no_cov", False):
        return None
    options = {
        name: value for name, value in vars(chosen).items() if name.startswith("cov_") or name == "no_cov_on_fail"
    }
    options["cov_source"] = None if True in chosen.cov_source else list(chosen.cov_source)
    options["cov_report"] = _reports(chosen.cov_report)
    read = _read(options)
    if options["cov_fail_under"] is None:
        options["cov_fail_under"] = read.fail_under
    if options["cov_precision"] is None:
        options["cov_precision"] = read.precision
    return Settings(
        options=options,
        directory=str(config.invocation_params.dir),
        data_file=os.path.abspath(read.data_file),
        files=frozenset(os.path.abspath(name) for name in (options["cov_config"], *_FILES)),
        digest=digest_text(repr([(name, getattr(read, name, None)) for name in _MEASURING])),
        core=os.environ.get("COVERAGE_CORE", "") or getattr(read, "core", None) or "",
        diff=getattr(chosen, "reload_cov_diff", None) or "",
        diff_least=getattr(chosen, "reload_cov_min", None),
    )


def new_coverage(options: Mapping[str, Any], **more: Any) -> Any:
    """A coverage object as pytest-cov makes its own. Raises CoverageException for a bad configuration."""
    import coverage

    return coverage.Coverage(
        source=options["cov_source"], branch=options["cov_branch"], config_file=options["cov_config"], **more
    )


def _read(options: Mapping[str, Any]) -> Any:
    import pytest
    from coverage.exceptions import CoverageException

    try:
        return new_coverage(options).config
    except CoverageException as error:
        raise pytest.UsageError(f"{_UNREADABLE}: {error}") from error


def _reports(chosen: Any) -> Any:
    """As pytest-cov takes the option: term where nothing is said, nothing where an empty one is."""
    if not chosen:
        return {"term": None}
    return {} if set(chosen) == {""} else dict(chosen)
