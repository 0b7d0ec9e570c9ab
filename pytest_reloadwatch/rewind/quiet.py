"""A run that only confirms prints nothing, and enters no debugger: what it would say has been said.

Nor does one say how it ended that is cancelled for a change.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    import pytest

_DEBUGGER = "pdbinvoke"


class Quiet:
    """Of the process with this *config*, which may have one run of each kind after another."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager
        self._loud: Any = None
        self._debugger: Any = None

    def fall_silent(self) -> None:
        """In the middle of a report, of which nobody wants to read the end."""
        reporter = self._plugins.getplugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
        self.keep(True)

    def keep(self, is_quiet: bool) -> None:
        """From here on, or not any more."""
        reporter = self._plugins.getplugin("terminalreporter")
        if reporter is None or is_quiet is (self._loud is not None):
            return
        if is_quiet:
            self._loud = _compat.redirect(reporter, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
            if self._plugins.has_plugin(_DEBUGGER):
                self._debugger = self._plugins.unregister(name=_DEBUGGER)
        else:
            _compat.redirect(reporter, self._loud).close()
            if self._debugger is not None:
                self._plugins.register(self._debugger, _DEBUGGER)
            self._loud = self._debugger = None
