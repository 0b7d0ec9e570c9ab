"""The planner: whether a round needs another run, what that collects and runs, and from where it continues.

It decides and starts nothing; the controller carries out what it says.
"""

from __future__ import annotations

import os
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.proof.digest import is_path
from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.proof.rank import Rank, Ranked, first_ones, lead, order
from pytest_reloadwatch.rewind.messages import Resume

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.proof.model import Proof
    from pytest_reloadwatch.proof.selection import Selection
    from pytest_reloadwatch.rewind.choice import Checkpoint
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.hoisting import Hoister
    from pytest_reloadwatch.session.pool import Pool
    from pytest_reloadwatch.session.preferences import Preferences
    from pytest_reloadwatch.session.rounds import Round

HOT = 4  # files edited lately before which runs freeze


@dataclass
class _Part:
    """The part of the suite that a run collects and runs, and in which order; see rewind.messages.Resume."""

    prune: set[str]
    proven: set[str]
    only: list[str] | None = None
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    direct_before: dict[str, int] | None = None
    others_wait: bool = False
    as_before: list[str] = field(default_factory=list)
    imports_as_before: bool = False


class Planner:
    """*file_name* gives a key as people know it. ``hot`` are the files edited lately, the last one first."""

    def __init__(
        self,
        options: Options,
        preferences: Preferences,
        book: Book,
        pool: Pool,
        hoister: Hoister,
        file_name: Callable[[str], str],
    ) -> None:
        self.hot: list[str] = []
        self._preferences = preferences
        self._options = options
        self._book = book
        self._pool = pool
        self._hoister = hoister
        self._file_name = file_name

    def note_edited(self, changed: Collection[str]) -> None:
        """These are likely to be edited again."""
        sources = sorted(key for key in changed if key.endswith(".py") and is_path(key))[:HOT]
        self.hot = list(dict.fromkeys([*sources, *self.hot]))[:HOT]

    def remaining(self, round_: Round) -> frozenset[str]:
        """What is to run, is not proven and has not had its turn in this round; in the end what is to be confirmed."""
        selection = self._book.select()
        found = {
            test.nodeid
            for test in selection.selected
            if self._preferences.is_in_view(test, round_, selection.uncollected)
        }
        if round_.wish.nodeids:
            found &= round_.wish.nodeids
        elif round_.wish.only_failing or round_.wish.only:
            found &= round_.wish.only or self.failing()
        if self._stops_at_direct(round_):
            if not round_.runs:
                changed = {path_of(one.change.key) for one in self._book.ranked() if one.change is not None}
                round_.first_ones = first_ones(self._book.ranked(), self._book.distance_to(changed))
            found &= round_.first_ones
        return frozenset(found - round_.attempted) or self._book.doubtful() & found

    def failing(self) -> set[str]:
        """What failed when it last ran, also where that does not hold for the tree any more."""
        ranked = {one.test.nodeid for one in self._book.ranked() if one.rank is Rank.FAILED}
        verdicts = self._book.select().verdicts.items()
        return ranked | {nodeid for nodeid, proof in verdicts if proof.outcome in BAD}

    def expected(self, round_: Round, remaining: Collection[str]) -> int:
        """How many of these tests will run, as far as is known."""
        tests = {nodeid for nodeid in remaining if "::" in nodeid} or remaining  # or else files that had none
        return sum(self._preferences.lets_through(nodeid, round_) for nodeid in tests)

    def held_back(self, round_: Round) -> int:
        """How many tests have no verdict and are out of the filter."""
        selection = self._book.select()
        unproven = {test.nodeid for test in selection.selected} - selection.verdicts.keys()
        return sum(not self._preferences.lets_through(nodeid, round_) for nodeid in unproven)

    def needs_run(self, round_: Round, remaining: frozenset[str], *, is_first: bool) -> bool:
        """Whether anything is left to run by itself; *is_first* for the first run of a session."""
        if self._preferences.paused and not round_.wish.is_asked:
            return False
        if round_.held or (round_.runs and not _got_on(round_, remaining)):
            return False
        wished = (round_.wish.everything or bool(round_.wish.nodeids)) and not round_.runs
        if round_.wish.nodeids:
            return wished or bool(remaining)
        if round_.wish.only_failing or round_.wish.only:
            return bool(remaining)
        return is_first or wished or bool(remaining) or not self._book.listings.is_known()

    def order(self, round_: Round, remaining: frozenset[str], run: int) -> Resume:
        """What the run number *run* collects and runs."""
        part = self._part(round_, remaining)
        is_confirming = bool(remaining) and remaining <= self._book.doubtful() & round_.attempted
        timed = self._timed(part) if self._options.parallel else []
        return Resume(
            run=run,
            prune=sorted(part.prune),
            proven=sorted(part.proven),
            only=part.only,
            places=part.places,
            direct_before=part.direct_before,
            others_wait=part.others_wait,
            as_before=part.as_before,
            imports_as_before=part.imports_as_before,
            seconds=sum(proof.seconds for proof in timed),
            waited=sum(proof.seconds if proof.waited is None else proof.waited for proof in timed),
            timed=len(timed),
            hot=list(self.hot),
            view=list(astuple(self._preferences.filter_of(round_))),
            fail_fast=self._preferences.fail_fast,
            update_snapshots=round_.wish.update_snapshots,
            freeze=not self._options.once,
            often=not _is_waited_for(round_),
            cause=list(round_.cause),
            executions=dict(self._book.executions),
            quiet=is_confirming,
            anew=is_confirming and all(map(round_.is_only_reached, remaining)),
        )

    def checkpoint(self, order: Resume) -> Checkpoint | None:
        """From where *order* is carried out with the least to execute again; None when no checkpoint is left."""
        if order.update_snapshots or order.anew:
            return self._pool.root()
        files = set(self._book.files) - set(order.prune)
        # What a run passed over, and nobody knows as a test file since: a conftest may have ignored it meanwhile.
        files |= {path for path in self._pool.passed_over() - files - set(order.prune) if os.path.exists(path)}
        rest = self._hoister.outlook.rest(files, self.hot)
        return self._pool.choose(files, lambda c: self._hoister.fits(c, c.parent, files), rest)

    def _part(self, round_: Round, remaining: frozenset[str]) -> _Part:
        selection, wish = self._book.select(), round_.wish
        part = _Part(set(selection.prune), set(selection.proven))
        if wish.everything:
            part.prune, part.proven = self._out_of_view(round_, selection), set()
        elif wish.nodeids:
            part.only = sorted(wish.nodeids - round_.attempted)
            part.prune = self._book.files_without(part.only)
            part.prune -= self._book.brought_along(part.only, part.prune)
        elif wish.only_failing or wish.only:
            part.only = sorted(remaining)
            part.prune = set(self._book.files) - {test.path for test in selection.selected if test.nodeid in remaining}
        else:
            self._leave_affected(part, round_, remaining, selection)
        part.proven |= round_.attempted
        part.prune |= {path for path in self._book.files if self._file_name(path) in round_.attempted}
        self._make_whole(part, is_waited_for=_is_waited_for(round_))
        self._bring_namesakes(part)
        return part

    def _leave_affected(self, part: _Part, round_: Round, remaining: frozenset[str], selection: Selection) -> None:
        """Of what is not proven, what has its turn now, in which order."""
        ranked = [one for one in self._ranked(round_) if one.test.nodeid in remaining]
        distance = self._book.distance_to({path_of(key) for key in round_.changed})
        if _is_waited_for(round_):
            part.prune |= {one.test.path for one in ranked} - self._lead(ranked, distance)
        if self._stops_at_direct(round_) or self._preferences.filter_of(round_):
            part.prune |= {test.path for test in selection.selected} - {one.test.path for one in ranked}
            part.proven |= {test.nodeid for test in selection.selected} - remaining
        due = [one for one in ranked if one.test.path not in part.prune and one.test.nodeid not in part.proven]
        if any(one.rank is not Rank.DIRECT for one in due) and not round_.in_order:
            part.places = order(due, self._book.seconds, distance)
        nodeids = [one.test.nodeid for one in due]
        brought_along = self._book.brought_along(nodeids, part.prune)
        part.proven |= {nodeid for path in brought_along for nodeid in self._book.files[path][-1].nodeids}
        part.prune -= brought_along
        part.as_before, part.imports_as_before = self._book.as_before(nodeids)
        waiting = [one for one in self._ranked(round_) if self._waits(one, round_, part)]
        part.others_wait = bool(waiting)
        if all(one.rank is not Rank.DIRECT for one in waiting):
            part.direct_before = dict(round_.direct)

    def _lead(self, ranked: list[Ranked], distance: Callable[[str], int]) -> set[str]:
        """The files that go first: what needs a whole run waits for one, where anything else is there to begin with."""
        waiting = self._book.confirming.tests(one.test.nodeid for one in ranked)
        first = [one for one in ranked if one.test.nodeid not in waiting] or ranked
        files = lead(first, self._book.seconds, distance)
        return files if self._pays(files, ranked) else {one.test.path for one in ranked}

    def _pays(self, files: set[str], ranked: list[Ranked]) -> bool:
        """Whether a run of these *files* alone comes to a verdict so much earlier that it is worth what it takes."""
        first = {one.test.nodeid for one in ranked if one.test.path in files}
        rest = {one.test.nodeid: one.test.path for one in ranked if one.test.path not in files}
        if not rest:
            return True
        start = self._pool.choose({one.test.path for one in ranked}, lambda _checkpoint: False)
        return start is None or self._hoister.outlook.pays(first, rest.keys(), set(rest.values()), start)

    def _make_whole(self, part: _Part, *, is_waited_for: bool) -> None:
        """Have every file collected, and more tests run, if that is needed for what is to run."""
        whole = self._needs_whole_run(part, is_waited_for=is_waited_for)
        if whole:
            part.proven |= {nodeid for path in part.prune for nodeid in self._book.files[path][-1].nodeids}
            part.proven -= whole
            part.only = None if part.only is None else sorted(whole.union(part.only))
            part.prune, part.places = set(), {}

    def _bring_namesakes(self, part: _Part) -> None:
        """Have those collected that a file which is collected could be taken for; their tests have their time."""
        found = self._book.namesakes.of(self._book.files.keys() - part.prune) & part.prune
        part.proven |= {nodeid for path in found for nodeid in self._book.files[path][-1].nodeids}
        part.prune -= found

    def _needs_whole_run(self, part: _Part, *, is_waited_for: bool) -> set[str]:
        """Empty where the run may pass files over; else the tests that run in a whole one, proven or not."""
        doubtful = set() if is_waited_for else set(self._book.doubtful())
        needing = doubtful | self._book.confirming.tests(self._due(part))
        files = self._book.confirming.files() - part.prune
        needing |= {n for path in files for n in self._book.files[path][-1].nodeids if n not in part.proven}
        return self._book.confirming.company(needing) if needing else set()

    def _due(self, part: _Part) -> Iterable[str]:
        if part.only is not None:
            return part.only
        files = set(self._book.files) - part.prune
        return (n for path in files for n in self._book.files[path][-1].nodeids if n not in part.proven)

    def _timed(self, part: _Part) -> list[Proof]:
        """The latest proofs of those tests that will run and have run before: they tell how long that took."""
        return [self._book.proofs[nodeid][-1] for nodeid in self._due(part) if nodeid in self._book.proofs]

    def _out_of_view(self, round_: Round, selection: Selection) -> set[str]:
        """The files of which no test gets through the filter."""
        wanted = self._preferences.filter_of(round_)
        return {
            path
            for path, records in self._book.files.items()
            if not any(self._preferences.lets_through(nodeid, round_) for nodeid in records[-1].nodeids)
            and not (path in selection.uncollected and wanted.may_let_through(records[-1].nodeid))
            and wanted
        }

    def _ranked(self, round_: Round) -> list[Ranked]:
        """What is selected, with the rank that it had when the round first came to it."""
        return [round_.reasons.get(one.test.nodeid, one) for one in self._book.ranked()]

    @staticmethod
    def _waits(one: Ranked, round_: Round, part: _Part) -> bool:
        """Whether a selected test has its turn after the run that *part* is for."""
        test = one.test
        return test.nodeid not in round_.attempted and (test.path in part.prune or test.nodeid in part.proven)

    def _stops_at_direct(self, round_: Round) -> bool:
        """Whether what is not direct waits until the person or a client asks; CI runs do not wait."""
        return self._preferences.direct and (bool(round_.changed) or self._options.once)


def _is_waited_for(round_: Round) -> bool:
    """Whether somebody waits for the first verdict of this round."""
    return bool(round_.changed or round_.wish.nodeids) and not round_.runs


def _got_on(round_: Round, remaining: frozenset[str]) -> bool:
    """Whether the last run of the round brought anything: if not, another one would not either."""
    return (remaining, len(round_.attempted)) != round_.before_run
