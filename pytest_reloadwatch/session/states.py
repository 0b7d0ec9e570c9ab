"""The states of a session, and which may follow which."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What the controller is doing; each has a method of the controller that leads on from it."""

    IDLE = "nothing runs; waiting for a change, a key or a client"
    QUIET = "changes keep coming; waiting for them to stop"
    RUNNING = "a run is alive"
    CANCELLING = "a run was told to end"
    ENDED = "the session is over"


SUCCESSORS: dict[State, frozenset[State]] = {
    State.IDLE: frozenset({State.RUNNING, State.QUIET, State.ENDED}),
    State.QUIET: frozenset({State.RUNNING, State.IDLE, State.ENDED}),
    State.RUNNING: frozenset({State.IDLE, State.CANCELLING, State.ENDED}),
    State.CANCELLING: frozenset({State.IDLE, State.QUIET, State.ENDED}),
    State.ENDED: frozenset(),
}
