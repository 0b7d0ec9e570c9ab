"""The keyboard: which key asks for what. Keys are read only while the terminal is the session's."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Protocol

from pytest_reloadwatch.session.rounds import Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.session.screen import Screen

CTRL_D = "\x04"


class Desires(Protocol):
    """What a person can want of a session; the controller grants it."""

    def ask(self, wish: Wish) -> None:
        """A run now; one that is under way makes room."""

    def explain(self) -> None:
        """Why did these tests and modules run?"""

    def quit(self) -> None:
        """End the session."""


class Keyboard:
    """Registers with the controller's *selector*, and passes on what keys mean to *desires*."""

    def __init__(self, screen: Screen, selector: selectors.BaseSelector, desires: Desires) -> None:
        self._screen = screen
        self._selector = selector
        self._fileno = -1
        self._bindings: dict[str, Callable[[], None]] = {
            "\n": lambda: desires.ask(Wish()),
            "\r": lambda: desires.ask(Wish()),
            "a": lambda: desires.ask(Wish(everything=True)),
            "f": lambda: desires.ask(Wish(only_failing=True)),
            "w": desires.explain,
            "?": screen.help,
            "q": desires.quit,
            CTRL_D: desires.quit,
        }

    def follow(self) -> None:
        """Look at the keys if they are ours now, and only then."""
        wanted = self._screen.fileno()
        if wanted != self._fileno:
            if self._fileno >= 0:
                self._selector.unregister(self._fileno)
            if wanted >= 0:
                self._selector.register(wanted, selectors.EVENT_READ, self._on_key)
            self._fileno = wanted

    def _on_key(self) -> None:
        action = self._bindings.get(self._screen.key())
        if action is not None:
            action()
