"""The keyboard: which key asks for what. Keys are read only while the terminal is the session's."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Protocol

from pytest_reloadwatch.session.preferences import FILTERS
from pytest_reloadwatch.session.prompt import ENTER, ESCAPE, Prompt
from pytest_reloadwatch.session.rounds import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_reloadwatch.session.screen import Screen

CTRL_D = "\x04"


class Desires(Protocol):
    """What a person can want of a session; the controller grants it."""

    def ask(self, wish: Wish) -> None:
        """A run now; one that is under way makes room."""

    def hold(self) -> None:
        """What runs makes room for what the person is about to say."""

    def go_on(self) -> None:
        """The person has said nothing."""

    def narrow(self, part: str, text: str) -> None:
        """Run what this filter lets through, from now on; *part* as in a Filter, empty for no filter at all."""

    def preview(self, part: str, text: str) -> str:
        """What such a filter would let through, in a few words."""

    def toggle(self, what: str) -> None:
        """Switch a preference: direct, fail_fast or paused."""

    def failing(self) -> Sequence[str]:
        """The tests and files that fail."""

    def show_failures(self) -> None:
        """Print again what pytest said about what fails."""

    def explain(self) -> None:
        """Why did these tests and modules run?"""

    def save_statistics(self) -> None:
        """Write down what the session has done so far."""

    def update_snapshots(self) -> None:
        """Have the tests that fail write their snapshots anew."""

    def start_over(self) -> None:
        """Begin anew in a new process."""

    def quit(self) -> None:
        """End the session."""


class Keyboard:
    """Registers with the controller's *selector*, and passes on what keys mean to *desires*."""

    def __init__(self, screen: Screen, selector: selectors.BaseSelector, desires: Desires) -> None:
        self._screen = screen
        self._selector = selector
        self._desires = desires
        self._fileno = -1
        self._part = ""
        self._prompt: Prompt | None = None
        self._histories: dict[str, list[str]] = {part: [] for part in FILTERS.values()}
        self._steps: list[str] = []  # the failures through which the person steps
        self._step = 0
        self._bindings: dict[str, Callable[[], None]] = {
            **dict.fromkeys(ENTER, lambda: desires.ask(Wish(is_asked=True))),
            "a": lambda: desires.ask(Wish(everything=True, is_asked=True)),
            "f": lambda: desires.ask(Wish(only_failing=True, is_asked=True)),
            "c": lambda: desires.narrow("", ""),
            "d": lambda: desires.toggle("direct"),
            "x": lambda: desires.toggle("fail_fast"),
            "o": lambda: desires.toggle("paused"),
            "i": self._begin_steps,
            "v": desires.show_failures,
            "w": desires.explain,
            "s": desires.save_statistics,
            "u": desires.update_snapshots,
            "r": desires.start_over,
            "?": screen.help,
            "q": desires.quit,
            CTRL_D: desires.quit,
        }
        for key, part in FILTERS.items():
            self._bindings[key] = lambda part=part: self._begin_prompt(part)  # type: ignore[misc]

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
        key = self._screen.key()
        if self._prompt is not None:
            self._type(key, self._prompt)
        elif self._steps:
            self._on_step_key(key)
        elif key in self._bindings:
            self._bindings[key]()

    # Filters

    def _begin_prompt(self, part: str) -> None:
        self._part = part
        label = {"file": "file", "name": "test name", "marker": "marker"}[part]
        self._prompt = Prompt(label, self._histories[part], lambda text: self._desires.preview(part, text))
        self._desires.hold()
        self._screen.prompt(self._prompt.line())

    def _type(self, key: str, prompt: Prompt) -> None:
        is_done = prompt.press(key)
        if is_done is None:
            self._screen.prompt(prompt.line())
            return
        self._prompt = None
        self._screen.prompt("")
        if is_done:
            self._desires.narrow(self._part, prompt.text)
        else:
            self._desires.go_on()

    # One failure after the other

    def _begin_steps(self) -> None:
        self._steps, self._step = list(self._desires.failing()), 0
        if self._steps:
            self._rerun_step()
        else:
            self._screen.note("nothing fails")

    def _on_step_key(self, key: str) -> None:
        if key in ENTER:
            self._rerun_step()
        elif key in ("n", "s", " ") and self._step + 1 < len(self._steps):
            self._step += 1
            self._rerun_step()
        elif key == "b" and self._step:
            self._step -= 1
            self._rerun_step()
        elif key in (ESCAPE, "i", "n", "s", " "):
            self._steps = []
            self._screen.note("through with the failures, keys are as always")
        elif key in ("v", "w", "?", "q", CTRL_D):
            self._bindings[key]()

    def _rerun_step(self) -> None:
        nodeid = self._steps[self._step]
        self._screen.note(f"failure {self._step + 1} of {len(self._steps)}: {nodeid}")
        self._screen.note("Enter reruns it, n next one, b one back, Esc ends this")
        self._desires.ask(Wish(only=frozenset({nodeid}), is_asked=True))
