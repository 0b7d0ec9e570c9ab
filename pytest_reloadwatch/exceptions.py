"""Every error that pytest-reloadwatch raises on purpose, one class a cause."""

from __future__ import annotations


class ReloadWatchError(Exception):
    """The root of all errors raised by pytest-reloadwatch."""


class StoreUnusableError(ReloadWatchError):
    """The store cannot be read or written; the session goes on with one in memory."""


class NoSessionError(ReloadWatchError):
    """No session is running for the directory that a client asked about."""


class BadMessageError(ReloadWatchError):
    """A message on a socket could not be understood; its sender is dropped."""


class HoistMismatchError(ReloadWatchError):
    """The code after a checkpoint does not import what was hoisted there, as it was hoisted."""
