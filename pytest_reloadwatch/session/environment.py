"""What every proof rests on besides files: interpreter and its flags, distributions, directory, options and ini."""

from __future__ import annotations

import json
import os
import sys
import uuid
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.digest import digest_text
from pytest_reloadwatch.session.configuration import pytest_part

if TYPE_CHECKING:
    import pytest

# Options that say which tests, or how to show them: they change no verdict.
_SCOPE = frozenset(
    "file_or_dir keyword markexpr deselect ignore ignore_glob pyargs keepduplicates collect_in_virtualenv".split()
)
_NEUTRAL = frozenset(
    "verbose quiet maxfail usepdb usepdb_cls tbstyle color code_highlight durations durations_min reportchars "
    "showlocals showcapture fulltrace cacheclear cacheshow lf failedfirst newfirst last_failed_no_failures stepwise "
    "stepwise_skip stepwise_reset no_header no_summary disable_warnings xmlpath junitprefix pastebin basetemp "
    "reload_watch reload_once reload_all reload_engine reload_select reload_poll reload_events "
    "cov_report cov_fail_under cov_precision cov_append no_cov_on_fail no_cov_should_warn reload_cov_diff "
    "reload_cov_min continue_on_collection_errors no_fold_skipped fold_skipped force_short_summary xfail_tb".split()
)

# Flags of the interpreter that say what it prints and writes.
_SILENT_FLAGS = frozenset("dont_write_bytecode inspect interactive quiet verbose".split())

# Xdist's: how many processes there are, and where, so that they share what is proven with each other and with one.
_DISTRIBUTION = frozenset(
    "numprocesses maxprocesses maxworkerrestart dist loadscopereorder tx px distload rsyncdir rsyncignore testrunuid "
    "maxschedchunk".split()
)


def environment_digest(config: pytest.Config, arguments: list[str]) -> str:
    """The part of every proof that is no file."""
    chosen = vars(config.known_args_namespace)
    options = {name: value for name, value in chosen.items() if name not in _SCOPE | _NEUTRAL | _DISTRIBUTION}
    seen = (
        sys.version,
        sys.prefix,
        _interpreter_options(),
        str(config.invocation_params.dir),  # what tests name without a directory is looked for here
        uuid.uuid4() if chosen.get("trace") else None,  # what comes of a test whose statements a person steps through
        sorted(options.items()),
        _unknown(arguments, config),
        str(config.inipath),
        _ini_values(config),
        distributions(),
        _import_path(),
        os.environ.get("PYTEST_PLUGINS", ""),
        [(name, os.environ.get(name)) for name in config.getini("reload_env")],
    )
    return digest_text(repr(seen))


def _interpreter_options() -> list[object]:
    """Those that a program can tell, as ``-O``, ``-W error`` and ``-X dev``, or the variables of the same meaning."""
    names = (name for name in dir(sys.flags) if name[0] != "_" and name not in {"count", "index"} | _SILENT_FLAGS)
    flags = [(name, value) for name in names if isinstance(value := getattr(sys.flags, name), int)]
    return [flags, sys.warnoptions, sorted(sys._xoptions.items())]


def _ini_values(config: pytest.Config) -> str:
    """Those of the file, whoever reads them; what the command line has in their place is among the options."""
    if config.inipath is None:
        return ""
    return json.dumps(pytest_part(str(config.inipath)), sort_keys=True, default=str)


def scope_digest(config: pytest.Config) -> str:
    """Which tests the command line asks for."""
    chosen = vars(config.known_args_namespace)
    seen = sorted((name, value) for name, value in chosen.items() if name in _SCOPE)
    return digest_text(repr(seen))


def _import_path() -> list[str]:
    """From where modules are imported: another PYTHONPATH may bring others. Where the pytest script lies is nothing."""
    scripts = os.path.dirname(os.path.abspath(sys.argv[0]))
    return [path for path in map(os.path.abspath, sys.path) if path != scripts]


def distributions() -> list[str]:
    """Name and version of everything installed, as the names of its metadata directories tell."""
    return sorted({name for place in sys.path for name in installed_in(place or ".")})


def installed_in(place: str) -> list[str]:
    """The metadata directories in one directory of ``sys.path``."""
    try:
        return sorted(name for name in os.listdir(place) if name.endswith((".dist-info", ".egg-info")))
    except OSError:
        return []


def _unknown(arguments: list[str], config: pytest.Config) -> list[str]:
    """Options of plugins and conftests that are not loaded yet; they may change anything."""
    parser: Any = config._parser
    return list(parser.parse_known_and_unknown_args(arguments)[1])
