"""The command-line options and ini values, read once into a frozen value and passed down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

# Options with which pytest prints something and ends: there is nothing to watch.
_INFORMATIVE = ("help", "version", "collectonly", "showfixtures", "show_fixtures_per_test", "markers", "setupplan")

LASTING_KEYS = "dx"
GUARD_MODES = ("off", "warn", "error")


SHARED_RUN = "PYTEST_RELOADWATCH_SHARED_RUN"  # the variable that tells a process that xdist starts of the run it shares
REHEARSAL = "PYTEST_RELOADWATCH_REHEARSAL"  # that tells one that is only to try whether it can begin
ANEW = "PYTEST_RELOADWATCH_ANEW"  # that tells one that a session goes on in it
IN_WORKER = "reloadwatch-worker"  # the name of the plugin that each run in a worker has


@dataclass(frozen=True)
class Options:
    """What the person asked for, as absolute paths and plain values."""

    mode: Literal["watch", "once"]
    everything: bool
    select: Literal["affected", "direct"]
    poll: bool
    events: str | None
    allow: tuple[str, ...]
    engine: Literal["rewind", "inplace"] = "rewind"
    parallel: bool = False  # xdist's options ask for more than one process to run tests
    elsewhere: bool = False  # and for such as know nothing of the session
    keys: str = ""
    notify: bool = False

    @property
    def once(self) -> bool:
        return self.mode == "once"


def register(parser: pytest.Parser) -> None:
    """Declare the options; costs nothing else when none is given."""
    group = parser.getgroup("reloadwatch", "warm watch sessions (pytest-reloadwatch)")
    group.addoption(
        "--reload-watch",
        action="store_true",
        help="run the suite, stay, and after each save rerun the affected tests in a warm process "
        "(as --reload-once where the environment variable CI is set)",
    )
    group.addoption("--reload-once", action="store_true", help="run what is not proven yet, once, and exit")
    group.addoption("--reload-all", action="store_true", help="ignore stored proofs: run everything at first")
    group.addoption(
        "--reload-engine",
        choices=("auto", "rewind", "inplace"),
        default="auto",
        help="how modules are made fresh: rewind to a checkpoint (default where fork is sound), or reload in place",
    )
    group.addoption(
        "--reload-select",
        choices=("affected", "direct"),
        default="affected",
        help="affected: every test that is not proven; direct: stop after those nearest to the change",
    )
    group.addoption("--reload-poll", action="store_true", help="poll the files instead of using file events")
    group.addoption("--reload-events", metavar="FILE", help="append one JSON object a line for each event to FILE")
    group.addoption(
        "--reload-guard",
        choices=GUARD_MODES,
        help="after each test, look whether modules are what they were before it, name who changed them, and put them "
        "back: warn, or let the test end in error (default off, or the ini value reload_guard); needs no watch session",
    )
    group.addoption(
        "--reload-cov-diff",
        nargs="?",
        const="HEAD",
        metavar="REF",
        help="with --cov: report how much of the lines changed since a git revision is covered (default HEAD)",
    )
    group.addoption(
        "--reload-cov-min",
        type=float,
        metavar="PERCENT",
        help="with --reload-cov-diff and --reload-once: exit with 1 where less of the changed statements is covered",
    )
    group.addoption(
        "--reload-notify",
        action="store_true",
        help="show a desktop notification when the tests begin to fail, and when all pass again",
    )
    parser.addini("reload_keys", "keys on from the start: d direct only, x stop at first failure", default="")
    parser.addini("reload_guard", "default of --reload-guard: off, warn or error", default="off")
    parser.addini("reload_env", "environment variables on which verdicts rest", type="args", default=[])
    parser.addini(
        "reload_allow",
        "side effects at import that checkpoints may ignore: 'thread', 'socket', 'child', 'fd', "
        "or a glob for a path that is written",
        type="args",
        default=[],
    )


def from_config(config: pytest.Config, environ: Mapping[str, str]) -> Options | None:
    """The options, or None where pytest is to run as if we were not installed.

    Raises pytest.UsageError for what cannot work here.
    """
    chosen = config.known_args_namespace
    wanted = chosen.reload_watch or chosen.reload_once
    if not wanted or any(getattr(chosen, name, False) for name in _INFORMATIVE) or hasattr(config, "workerinput"):
        return None
    if config.pluginmanager.has_plugin(IN_WORKER):
        return None  # a run of a session, in a process that the session has started
    if getattr(chosen, "looponfail", False):
        raise pytest.UsageError("--looponfail and --reload-watch both watch files: leave one of them out")
    once = chosen.reload_once or _is_ci(environ)
    return Options(
        mode="once" if once else "watch",
        everything=chosen.reload_all,
        select=chosen.reload_select,
        poll=chosen.reload_poll,
        events=os.path.abspath(chosen.reload_events) if chosen.reload_events else None,
        allow=tuple(config.getini("reload_allow")),
        engine=_engine(chosen.reload_engine),
        parallel=asks_for_workers(config),
        elsewhere=any(spec.rpartition("*")[2] != "popen" for spec in getattr(chosen, "tx", None) or ()),
        keys=_keys(config.getini("reload_keys")),
        notify=chosen.reload_notify,
    )


def asks_for_workers(config: pytest.Config) -> bool:
    """Whether options of xdist's ask for more than one process to run tests."""
    chosen = config.known_args_namespace
    return bool(getattr(chosen, "numprocesses", None) or getattr(chosen, "tx", None))


def guard_mode(config: pytest.Config) -> str:
    """What the guard does: off, warn or error. Raises pytest.UsageError."""
    chosen = getattr(config.known_args_namespace, "reload_guard", None)  # a conftest's plugins come too late for it
    mode = str(chosen or config.getini("reload_guard"))
    if mode not in GUARD_MODES:
        raise pytest.UsageError(f"reload_guard in the ini file is one of {', '.join(GUARD_MODES)}, not {mode!r}")
    return mode


def _is_ci(environ: Mapping[str, str]) -> bool:
    return environ.get("CI", "").lower() not in ("", "0", "false")


def _keys(wanted: str | None) -> str:
    """Raises pytest.UsageError for keys that do not stay on."""
    keys = "".join((wanted or "").split())
    if unknown := set(keys) - set(LASTING_KEYS):
        raise pytest.UsageError(f"reload_keys in the ini file: {', '.join(sorted(unknown))} is none of d and x")
    return keys


def _engine(wanted: str) -> Literal["rewind", "inplace"]:
    """Rewind where this system can fork. Raises pytest.UsageError where it was asked for and cannot."""
    if wanted == "inplace" or (wanted == "auto" and not hasattr(os, "fork")):
        return "inplace"
    if not hasattr(os, "fork"):
        raise pytest.UsageError(
            "this system has no os.fork, which --reload-engine=rewind needs; leave the option out, or say inplace"
        )
    return "rewind"
