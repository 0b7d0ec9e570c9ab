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
        self._depth = 0  # of imports within imports
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
            self._is_on = False
            self._recorder.executed_at_import(self._watcher.end(), self._watcher.codes)
            if not self._recorder.has_owner:
                self._watcher.stop()

    def _enter(self) -> None:
        if threading.get_ident() == self._main:
            self._depth += 1

    def _leave(self) -> None:
        if threading.get_ident() == self._main:
            self._depth -= 1
            if not self._depth:
                self.end()

    def _begin(self) -> None:
        """A first-party module is about to be executed."""
        is_import = bool(self._depth) or not self._recorder.has_owner  # a test may only ask where a module would be
        if self._is_installed and is_import and not self._is_on and threading.get_ident() == self._main:
            self._is_on = self.is_wanted or self._recorder.only_past
            if self._is_on:
                self._watcher.begin()
                self._watcher.resume()

    def _pass_on(self) -> None:
        """What has executed so far is about to be told."""
        if self._is_on:
            self.end()
            self._begin()
