"""The pool: the frozen processes that the controller can continue from, and their connections."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_reloadwatch.rewind.choice import PRUNED, WARM, Checkpoint, choose, lateness, surplus
from pytest_reloadwatch.rewind.messages import Channel, Frozen, Message, Resume, Retire, Spare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pytest_reloadwatch.rewind.choice import Ahead
    from pytest_reloadwatch.watch.tree import Tree

SPARES = 2  # each takes as much memory as a run; people edit a module and its test in turn
_NEVER = frozenset({("<never>", "true")})  # in the past of a checkpoint that no tree can make usable


class Pool:
    """Checkpoints by pid. Their pasts become digests when they check in, which can be much later than they froze.

    It can even be after one that was frozen later, and whose past theirs is a part of: that one waits.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._channels: dict[int, Channel] = {}
        self._parents: dict[int, int] = {}
        self._own: dict[int, frozenset[tuple[str, str]]] = {}  # what each has taken in since its parent froze
        self._waiting: set[int] = set()  # for an ancestor to check in
        self._spares: set[int] = set()  # those that have forked ahead of their next order
        self.checkpoints: dict[int, Checkpoint] = {}

    def add(self, frozen: Frozen, channel: Channel) -> Checkpoint:
        """A process has frozen; what it took in is followed from now on."""
        own = self._entries(frozen.past, frozen.begun)
        if frozen.place == WARM:
            own = self._own_with(frozen.pid, own)
        self._parents[frozen.pid], self._own[frozen.pid] = frozen.parent, own
        past = self._past(frozen.pid)
        self._tree.track(filter(None, [frozen.at_hand]))
        checkpoint = Checkpoint(
            pid=frozen.pid,
            parent=frozen.parent,
            run=frozen.run,
            place=frozen.place,
            before=frozen.before,
            moment=frozen.moment,
            past=_NEVER if past is None else past,
            collected=frozen.collected,
            hoisted=tuple(frozen.hoisted),
            at_hand=frozen.at_hand,
        )
        self.checkpoints[frozen.pid] = checkpoint
        self._channels[frozen.pid] = channel
        self._complete(self._waiting)
        if past is None:
            self._waiting.add(frozen.pid)
        return checkpoint

    def take_in(self, pid: int, past: Collection[str], begun: int) -> None:
        """The worker *pid* has taken in these keys since the moment *begun*, and others before."""
        self._own[pid] = self._own_with(pid, self._entries(past, begun))

    def _entries(self, past: Collection[str], begun: int) -> frozenset[tuple[str, str]]:
        self._tree.track(past)
        entries = frozenset(map(self._tree.entry, past))
        return entries | _NEVER if self._tree.may_have_moved(past, begun) else entries

    def _own_with(self, pid: int, entries: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """What a process that is the same as before has taken in now, and before that and not anew."""
        keys = {key for key, _ in entries}
        return entries | {entry for entry in self._own.get(pid, ()) if entry[0] not in keys}

    def _past(self, pid: int) -> frozenset[tuple[str, str]] | None:
        """All that a process has taken in; None while that is not known."""
        past: frozenset[tuple[str, str]] = frozenset()
        while pid:
            if pid not in self._own:
                return None
            past |= self._own[pid]
            pid = self._parents[pid]
        return past

    def _complete(self, pids: Collection[int]) -> None:
        for pid in list(pids):
            past = self._past(pid)
            if past is not None:
                self._waiting.discard(pid)
                if pid in self.checkpoints:
                    self.checkpoints[pid] = replace(self.checkpoints[pid], past=past)

    def of(self, channel: Channel) -> list[int]:
        """The frozen process at the other end of *channel*, if it is one."""
        return [pid for pid, known in self._channels.items() if known is channel]

    def last_of(self, run: int) -> int:
        """The process that *run* went on from last, and so its parent; 0 where it has left none."""
        left = [c for c in self.checkpoints.values() if c.run == run and not c.is_root and not c.hoisted]
        return max(left, key=lambda c: c.moment).pid if left else 0

    def root(self) -> Checkpoint | None:
        """The one before everything."""
        return next((checkpoint for checkpoint in self.checkpoints.values() if checkpoint.is_root), None)

    def remove(self, pid: int) -> None:
        """This process is gone."""
        self.checkpoints.pop(pid, None)
        self._channels.pop(pid, None)

    def retire(self, pid: int) -> None:
        """Tell a frozen process to leave; its connection closes when it has."""
        self.checkpoints.pop(pid, None)
        self.tell(pid, Retire())

    def tell(self, pid: int, message: Message) -> None:
        """Raises nothing: a process that is gone is noticed by its connection."""
        if isinstance(message, Resume):
            self._spares.discard(pid)  # that is used up now
        with contextlib.suppress(OSError, KeyError):
            self._channels[pid].send(message)

    def choose(
        self,
        files: Collection[str],
        fits: Callable[[Checkpoint], bool],
        rest: Callable[[Checkpoint], Ahead] | None = None,
    ) -> Checkpoint | None:
        """The best checkpoint for collecting *files*; *fits* is asked about those with hoisted modules.

        *rest* tells what is to be imported from there on.
        """
        candidates = [c for c in self.checkpoints.values() if not c.hoisted or fits(c)]
        return choose(candidates, self._tree.entries, files, rest)

    def passed_over(self) -> set[str]:
        """The test files that the run of some checkpoint did not look into."""
        found = (checkpoint.collected.items() for checkpoint in self.checkpoints.values())
        return {path for collected in found for path, outcome in collected if outcome == PRUNED}

    def distrust(self, run: int, keys: Collection[str]) -> None:
        """*keys* changed while *run* was under way: what it froze after reading them may hold either state."""
        for pid, checkpoint in list(self.checkpoints.items()):
            if (
                checkpoint.run == run
                and not checkpoint.is_root
                and any(key in keys for key, _ in self._known_past(pid))
            ):
                self._own[pid] |= _NEVER
                self.checkpoints[pid] = replace(checkpoint, past=_NEVER)

    def keep_spares(self, hot: Sequence[str]) -> None:
        """Have processes ready that continue from where the next edits of *hot* files are likely to go back to."""
        wanted = {checkpoint.pid for path in hot[:SPARES] for checkpoint in self._latest_before(path)}
        for pid in wanted ^ self._spares:
            self.tell(pid, Spare(pid in wanted))
        self._spares = wanted

    def _latest_before(self, path: str) -> list[Checkpoint]:
        """The one that an edit of *path* leaves valid and that has done most, if there is any."""
        valid = (c for c in self.checkpoints.values() if c.before == path and c.is_valid(self._tree.entries))
        return sorted(valid, key=lateness)[-1:]

    def _known_past(self, pid: int) -> frozenset[tuple[str, str]]:
        return self._past(pid) or self._own[pid]

    def trim(self, hot: list[str]) -> None:
        """Keep to the budget."""
        for checkpoint in surplus(list(self.checkpoints.values()), self._tree.entries, hot):
            self.retire(checkpoint.pid)

    def close(self) -> None:
        """All connections end, and with them the frozen processes."""
        for channel in self._channels.values():
            channel.close()
