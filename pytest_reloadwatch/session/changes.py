"""What has changed on disk, and what that means for the round; the controller acts on it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import about_others, path_of
from pytest_reloadwatch.proof.digest import ABSENT, digest_bytes, is_listing, is_path, may_be_source
from pytest_reloadwatch.rewind.bytecode import discard_bytecode
from pytest_reloadwatch.session.ending import USAGE_ERROR
from pytest_reloadwatch.session.rehearsal import rehearse
from pytest_reloadwatch.session.rounds import Failure, Round
from pytest_reloadwatch.session.states import State
from pytest_reloadwatch.session.timing import Timing, lateness
from pytest_reloadwatch.watch.holding import held

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.hoisting import Hoister
    from pytest_reloadwatch.session.planner import Planner
    from pytest_reloadwatch.session.rounds import Current
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.session.situation import Situation
    from pytest_reloadwatch.watch.tree import Sweep

REPLACING = 0.02  # seconds in which an editor that removes or empties a file has written the new one
UNSTEADY = 5  # runs of one round in which a file changed, until it is taken for the tests' own output
HEEDED = 2  # times in one round that a new source in a directory in which tests write may be somebody's
UNHEARD = 3  # the same for one that no run is cancelled for, so that there are fewer
_EMPTY = digest_bytes(b"")


class Restart(Exception):  # noqa: N818 - not an error: the session begins anew in this process's place
    """Something that was read before the root has changed; the argument says what."""


class Changes:
    """Found by sweeps of the tree; those that matter begin a round, or become a part of it."""

    def __init__(
        self,
        situation: Situation,
        options: Options,
        beginning: Beginning,
        book: Book,
        planner: Planner,
        hoister: Hoister,
    ) -> None:
        self._situation = situation
        self._options = options
        self._beginning = beginning
        self._book = book
        self._planner = planner
        self._hoister = hoister

    def sweep(self) -> Sweep:
        """Look at the tree."""
        found, current = self._book.sweep(), self._situation.current
        seen = found.changed | found.arrived
        by_others = seen if current is None else about_others(seen, current.record.written)
        if any(self._book.tree.digest(key) in (ABSENT, _EMPTY) for key in by_others):
            time.sleep(REPLACING)  # perhaps an editor is just writing it anew
            found.add(self._book.sweep())
        return found

    def heed(self, found: Sweep, current: Current) -> None:
        """A file that the person adds to a directory in which tests write as well is none of theirs.

        To be asked when the record of the run *current* holds what it had written when the tree was looked at.
        """
        self._own_up(found, current)
        record, counts = current.record, self._situation.round.disturbances
        if not record.has_unheard:
            moved = {key: names for key, names in found.moved.items() if counts.get(key, 0) < HEEDED}
            record.disown(self._book.heed(moved, record.written, is_idle=False))

    def heed_idle(self, found: Sweep) -> None:
        """The same where nothing runs, or no more than the end of a process."""
        situation = self._situation
        if situation.leaving is not None:
            self._own_up(found, situation.leaving)
        self._book.heed(found.moved, situation.late.expected(), is_idle=True)

    def _own_up(self, found: Sweep, current: Current) -> None:
        """What the run has done without a word, since it was done by an extension module."""
        moved = {os.path.join(key.rstrip(os.sep), name) for key, names in found.moved.items() for name in names}
        untold = moved.union(map(path_of, found.changed | found.arrived)) - current.record.written
        for path in held(current.pid, {path for path in untold if is_path(path) and not is_listing(path)}):
            current.record.note_connected(path)
            self._situation.late.note(path)

    def take_in(self, changed: set[str]) -> bool:
        """Whether that is news for the round. Raises Restart."""
        current = self._situation.current
        # Before a new process takes it for the source's; what tests compile themselves is theirs to use.
        discard_bytecode(changed if current is None else about_others(changed, current.record.written))
        self._check_start(changed)
        late = self._situation.late.take(changed) if current is None else set()
        if current is None:
            self._book.steadiness.declare(changed - late)
            self._book.steadiness.note_late(set(map(path_of, late)))
        else:
            changed = about_others(changed, current.record.written)
        relevant = self._is_relevant(changed)
        outdated = self._find_dependents(changed)
        self._book.forget(changed)
        if not relevant or self._options.once or self._can_wait(changed):
            return False
        if current is not None:
            self._count_disturbances(changed)
        self._note(changed, outdated, anew=self._situation.state is State.IDLE, is_edit=bool(changed - late))
        return True

    def _can_wait(self, changed: set[str]) -> bool:
        """Whether this may be the doing of a process that does not report: what it means shows after the run."""
        current = self._situation.current
        is_unheard = current is not None and current.record.has_unheard
        return is_unheard and not any(map(may_be_source, changed))

    def take_in_after(self, current: Current) -> None:
        """What changed while the run was under way is not what its verdicts rest on, or maybe not. Raises Restart."""
        record = current.record
        self._book.following.follow(record.past)
        found = self._book.sweep()
        self.heed(found, current)
        record.note(found)
        if record.has_unheard:
            self._count_unheard(record)
        if not found.changed:
            return
        others = about_others(found.changed, record.written)
        discard_bytecode(others)
        self._check_start(found.changed)
        outdated = self._find_dependents(found.changed)
        self._book.forget(about_others(found.changed, self._put_back(record)))
        outside = {key for key in others if self._beginning.file_name(key)}
        if self._book.following.matters(others) and outside and not self._options.once:
            self._count_disturbances(outside)
            self._note(outside, outdated, anew=False, is_edit=True)

    def _put_back(self, record: RunRecord) -> set[str]:
        """What tests took away, and wrote as it had been: what its source was seen to do it does still."""
        digest = self._book.tree.digest
        return {key for key, before in record.first_seen.items() if key in record.written and digest(key) == before}

    def _check_start(self, changed: set[str]) -> None:
        """What was read before the root needs a new process; CI runs once, from the tree that it found."""
        reason = self._beginning.changed(changed)
        if not reason or self._options.once:
            return
        time.sleep(REPLACING)
        if self._beginning.is_gone():
            return  # everything goes: the session ends
        code, problem, said = USAGE_ERROR, self._beginning.broken(), ""
        if not problem:
            breakdown = rehearse(self._beginning.invoked_in)
            if breakdown is None:
                raise Restart(reason)
            self._book.following.follow_everything()  # any of it may be at fault
            code, problem, said = breakdown.exit_code, f"{reason}: pytest cannot begin with that", breakdown.text
        self._situation.failure = Failure(code, problem, {}, self._book.group(self._beginning.keys), said)

    def _is_relevant(self, changed: set[str]) -> bool:
        if self._book.following.matters(changed):
            return True
        current = self._situation.current
        collecting = current is not None and current.record.collection is None
        return collecting and any(map(self._book.following.is_source, changed))

    def _find_dependents(self, changed: set[str]) -> set[str]:
        """The files whose modules have to be executed again."""
        executed = self._hoister.executed
        return self._book.graph.dependents(changed & executed, executed) if changed & executed else set()

    def _note(self, changed: Collection[str], outdated: set[str], *, anew: bool, is_edit: bool) -> None:
        """Changes start a round; those that come before the last one was done belong to it too."""
        self._situation.last_change = time.monotonic()
        self._planner.note_edited(changed)
        before = Round(timing=self._begin_timing(changed)) if anew else self._situation.round
        if is_edit:
            self._book.steadiness.expect_rewriting()
        elif anew:
            before.disturbances = self._situation.round.disturbances
        if anew:
            self._book.loose.clear()
        names = [name for key in sorted(changed) if (name := self._beginning.file_name(key))]
        self._situation.round = Round(
            cause=list(dict.fromkeys([*before.cause, *names])),
            changed=before.changed | set(changed),
            outdated=before.outdated | outdated,
            disturbances=before.disturbances,
            timing=before.timing,
        )

    def _begin_timing(self, changed: Collection[str]) -> Timing:
        looked = self._situation.looked
        stamps = [stamp for key in changed if (stamp := self._book.tree.written(path_of(key))) is not None]
        return Timing(max(0.0, lateness(stamps) - (time.monotonic() - looked)), looked)

    def _count_unheard(self, record: RunRecord) -> None:
        """The same for what no run was cancelled for, and is another at the end of each."""
        counts, digest = self._situation.round.disturbances, self._book.tree.digest
        seen = {key for key, before in record.first_seen.items() if key in record.disturbed and digest(key) != before}
        keys = {key for key in seen if not may_be_source(key)}
        counts.update({key: counts.get(key, 0) + 1 for key in keys})
        self._book.following.leave_out({key for key in keys if counts[key] == UNHEARD})

    def _count_disturbances(self, keys: Collection[str]) -> None:
        """Files that change in run after run of a round are written by what the tests start, unseen by us."""
        counts = self._situation.round.disturbances
        for key in keys:
            if not may_be_source(key):
                counts[key] = counts.get(key, 0) + 1
        self._book.following.leave_out({key for key in keys if counts.get(key, 0) == UNSTEADY})
