"""What executes while modules are imported: whatever rests on their state rests on these functions too."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from pytest_reloadwatch.record.executed import CodeWatcher
    from pytest_reloadwatch.record.recorder import Recorder


class Importing:
    """Watches from where an import comes to a first-party module until it is over.

    Some of pytest's imports do without importlib's own way in: they are over when pytest goes on with something else,
    which this tells as a plugin. ``is_wanted`` is whether anything new may come of it.
    """

    def __init__(self, recorder: Recorder, watcher: CodeWatcher) -> None:
        self.is_wanted = True
        self._recorder = recorder
        self._watcher = watcher
        self._main = threading.get_ident()
        self._is_installed = False
        self._is_on = False
        self._is_seen = False
        self._outer: list[bool] = []  # of each import within an import, whether the one around it was seen
        recorder.on_import = self._begin
        recorder.on_take = self._pass_on

    def install(self) -> None:
        """For the rest of the process; nothing is watched before."""
        self._is_installed = True
        _compat.watch_finding(self._enter, self._leave)

    @pytest.hookimpl(tryfirst=True)
    def pytest_plugin_registered(self) -> None:
        """A conftest has been imported."""
        self.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self) -> None:
        """A test file has been imported."""
        self.end()

    def end(self) -> None:
        """Whatever was being imported is there now."""
        if self._is_on:
            self._see(False)
            self._is_on = False
            self._recorder.executed_at_import(self._watcher.end(), self._watcher.codes)
            if not self._recorder.has_owner:
                self._watcher.rest()

    def _enter(self, _name: str) -> None:
        if threading.get_ident() == self._main:
            self._outer.append(self._is_seen)
            self._see(False)

    def _leave(self, _name: str) -> None:
        if threading.get_ident() == self._main:
            was_seen = self._outer.pop()
            if self._outer:
                self._see(was_seen)
            else:
                self.end()

    def _begin(self) -> None:
        """A first-party module is about to be executed."""
        is_import = bool(self._outer) or not self._recorder.has_owner  # a test may only ask where a module would be
        if self._is_installed and self._recorder.covered() is not None:  # nobody will be watched less because of it
            self._recorder.executed_at_import(None, ())
        elif self._is_installed and is_import and threading.get_ident() == self._main:
            if not self._is_on and (self.is_wanted or self._recorder.only_past):
                self._is_on = True
                self._watcher.begin()
            self._see(self._is_on)

    def _see(self, is_seen: bool) -> None:
        """Only first-party modules themselves: neither importlib nor what they import of others."""
        if self._is_on and is_seen is not self._is_seen:
            self._is_seen = is_seen
            if is_seen:
                self._watcher.resume()
            else:
                self._watcher.pause()

    def _pass_on(self) -> None:
        """What has executed so far is about to be told."""
        if self._is_on:
            is_seen = self._is_seen
            self.end()
            self._is_on = True
            self._watcher.begin()
            self._see(is_seen)
