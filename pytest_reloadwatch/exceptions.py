"""Every error that pytest-reloadwatch raises on purpose, one class a cause."""

from __future__ import annotations


class ReloadWatchError(Exception):
    """The root of all errors raised by pytest-reloadwatch."""


class StoreUnusableError(ReloadWatchError):
    """The store cannot be read or written; the session goes on with one in memory."""


class NoSessionError(ReloadWatchError):
    """No session is running for the directory that a client asked about."""


class NothingKnownError(ReloadWatchError):
    """No store tells anything of the project that was asked about; the message says what to do."""


class BadMessageError(ReloadWatchError):
    """A message on a socket could not be understood; its sender is dropped."""


class UnfitError(ReloadWatchError):
    """A worker cannot reload in place what has changed, or is not as it was; the message says why."""


class HoistMismatchError(ReloadWatchError):
    """The code after a checkpoint does not import what was hoisted there, as it was hoisted."""


class BrokenSourceError(ReloadWatchError):
    """A source does not parse, so nothing was executed; *line* is None where Python names none."""

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        super().__init__(path, line, problem)
        self.path = path
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}, line {self.line}"
        return f"{place}: {self.problem}; nothing was reloaded"


class ReloadFailedError(ReloadWatchError):
    """Executing *module* again in place failed; every namespace is as it was before.

    What the attempt did elsewhere, to a registry or to the environment, is not undone.
    """

    def __init__(self, module: str, problem: str) -> None:
        super().__init__(module, problem)
        self.module = module
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.module} could not be executed again: {self.problem}; every module is as it was before"


class StaleObjectWarning(UserWarning):
    """After a reload something still holds an object that the old source has made."""
