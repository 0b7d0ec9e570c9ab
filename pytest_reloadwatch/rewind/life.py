"""What the plugin in a run needs of the process that it is in, whether that freezes and forks or reloads in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

from pytest_reloadwatch.record.loads import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.messages import Message, Resume
    from pytest_reloadwatch.rewind.randomness import Origin
    from pytest_reloadwatch.rewind.shelf import Shelf


class Life(Protocol):
    """*order* is what the controller asked the current run to do, *collected* what became of each file so far.

    *randomness* is as it was before anything first-party was imported.
    """

    order: Resume
    collected: dict[str, str]
    collecting: bool
    randomness: Origin
    shelf: Shelf
    on_resume: list[Callable[[], None]]

    def send(self, message: Message, *, with_next: bool = False) -> None:
        """Tell the controller, *with_next* together with what comes next."""

    def is_interrupted(self) -> bool:
        """Whether the controller has written into the report of this run since the last question."""

    def is_cancelled(self) -> bool:
        """Whether the run is being interrupted for a change."""

    def report(self) -> None:
        """Send what the recorder has learned since the last report."""

    def leave_mark(self) -> str:
        """Part what is read from here on from what was read before, for whoever asks the kernel; empty where not."""

    def moment(self) -> float:
        """How long this has gone on, in seconds; a time of no meaning where nothing freezes."""

    def before_module(self, path: str) -> bool:
        """A first-party module is about to execute; whether time has gone back to here."""

    def before_collection(self) -> bool:
        """Conftests are loaded; the answer as above."""

    def freeze(self, place: str, before: str = "") -> bool:
        """A moment to go back to, where that is possible; the answer as above."""

    def put_off_removal(self) -> None:
        """Leave what nobody waits for to the end of the process, where that is near."""

    def prepare_end(self) -> None:
        """Pytest has finished, and nobody waits for the rest."""

    def abandon(self, reason: str) -> NoReturn:
        """This run must not go on: end without a trace."""


def record_loads(life: Life, recorder: Recorder) -> Callable[[], None]:
    """Note what is executed in runs, for those who ask in tests and for the controller, which counts.

    The answer is to be called whenever a run begins, or goes on from a checkpoint.
    """

    def begin_run() -> None:
        recorder.begin_run()
        loads.begin_run(life.order.run, life.order.cause, life.order.executions)

    loads = record()
    loads.on_load = lambda name: recorder.learned.executed.append(name)
    return begin_run
