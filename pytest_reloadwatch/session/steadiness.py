"""What was the same throughout a run, and what was written meanwhile: by its tests, by others, or by who knows whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import path_of, with_all
from pytest_reloadwatch.proof.digest import is_listing, may_be_source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Proof
    from pytest_reloadwatch.session.following import Following
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.watch.tree import Tree


class Steadiness:
    """From run to run: what changes in each of them is none of the person's edits. *proofs* are the book's."""

    def __init__(self, tree: Tree, following: Following, proofs: Mapping[str, Sequence[Proof]]) -> None:
        self._tree = tree
        self._following = following
        self._proofs = proofs
        self._rewritten_once: set[str] = set()
        self._rewritten_lately: set[str] = set()  # since the last edit
        self._rewritten_late: set[str] = set()  # the same, when the run was over
        self._databases: set[str] = set()
        self._touched_once: set[str] = set()
        self._touched_often: set[str] = set()

    def judge(self, run: RunRecord) -> None:
        """A run is over: put into ``run.disturbed`` what no verdict of it can rest on."""
        self._following.follow(run.connected)
        self._leave_out_rewritten(run)
        self._touched_often |= run.touched & self._touched_once
        if run.has_unheard:
            self._forgive(run)
        run.disturbed |= run.touched - self._excused(run)
        run.disturbed |= self._new(run) & run.past

    def note(self, run: RunRecord) -> None:
        """Its verdicts are known: what it has touched, the next one may touch again."""
        self._touched_once |= run.touched | self._new(run)

    def disturbed(self, run: RunRecord) -> set[str]:
        """All keys, as they may have been recorded, that were not the same throughout the run."""
        return with_all((run.disturbed | self._new(run)) - self._following.volatile)

    def declare(self, keys: Collection[str]) -> None:
        """These changed while nothing ran: somebody edits them."""
        self._following.count_again(keys)
        for known in (self._rewritten_once, self._touched_once, self._touched_often):
            known.difference_update(keys)

    def note_late(self, keys: set[str]) -> None:
        """These were written by tests whose run was over.

        What they rest on runs once more, but not time and again.
        """
        self._following.leave_out(self._rewritten_late & keys)
        self._rewritten_late |= keys

    def expect_rewriting(self) -> None:
        """Something was edited: what tests make may be another thing for that."""
        self._rewritten_lately.clear()
        self._rewritten_late.clear()

    def out_of_turn(self, run: RunRecord) -> set[str]:
        """The tests of a sorted *run* that rest on what others have made into something else, before or after them."""
        made = self._rewritten(run) - self._following.volatile
        return {nodeid for nodeid, ended in run.ended.items() if not made.isdisjoint(map(path_of, ended.keys))}

    def _leave_out_rewritten(self, run: RunRecord) -> None:
        """What *run* has made into something else, as an earlier one did for the same files.

        Other tests that read it are to run once more, for it may be made of what was edited since. A database is never
        the same.
        """
        rewritten = self._rewritten(run)
        again = rewritten & self._rewritten_once
        made = {key for key in again - self._rewritten_lately - self._databases if not is_listing(key)}
        self._following.leave_out(again - (made and made & self._read_by_others(run)))
        self._databases |= run.connected
        if not run.disturbed:  # else it may be one thing before the change and another after it
            self._rewritten_once |= rewritten
            self._rewritten_lately |= rewritten

    def _rewritten(self, run: RunRecord) -> set[str]:
        return {key for key, before in run.before.items() if self._tree.digest(key) != before}

    def _read_by_others(self, run: RunRecord) -> set[str]:
        """The files that tests rest on which had no part in *run*."""
        latest = [known[-1] for nodeid, known in self._proofs.items() if nodeid not in run.ended]
        groups = {id(group): group for proof in latest for group in proof.groups}
        return {path_of(key) for group in groups.values() for key, _ in group}

    def _forgive(self, run: RunRecord) -> None:
        """What may be the doing of a process that does not report, and is as it was before, counts as touched."""
        seen = ((key, before) for key, before in run.first_seen.items() if key in run.disturbed)
        back = {key for key, before in seen if not may_be_source(key) and self._tree.digest(key) == before}
        run.disturbed -= back
        run.touched |= back

    def _excused(self, run: RunRecord) -> set[str]:
        """What was written by the tests' own doing: a cold run would do the same, and leave what is there now.

        The run has said so, or the content is the same in run after run: a test starts what writes it anew.
        """
        return run.written | run.retimed | run.connected | self._touched_often

    def _new(self, run: RunRecord) -> set[str]:
        """Keys that were first looked at during the run, and may have been written in it."""
        return self._tree.new_since(run.begun) - self._excused(run)
