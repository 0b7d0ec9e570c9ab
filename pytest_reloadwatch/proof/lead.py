"""Which test files go first, so that a verdict is there before everything affected has been collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.model import BAD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Proof
    from pytest_reloadwatch.proof.selection import Selected

WORTH_IT = 0.3  # seconds of recorded test time from which it pays to split a run in two
COLLECTING = 0.01  # seconds that collecting a file takes, roughly
FEW = 3


def lead(
    selected: Sequence[Selected],
    proofs: Mapping[str, Sequence[Proof]],
    changed: Collection[str],
    direct: Callable[[str], frozenset[str]],
    *,
    all_direct: bool = False,
) -> set[str]:
    """The files to run first: those that changed, else the quickest that imports what did; all where few are left.

    With *all_direct* every file that imports what changed. Files whose tests failed last time come along
    where they are few.
    """
    files: dict[str, float] = {}
    failed: set[str] = set()
    for test in selected:
        last = proofs.get(test.nodeid, ())[-1:]
        files[test.path] = files.get(test.path, COLLECTING) + sum(proof.seconds for proof in last)
        if any(proof.outcome in BAD for proof in last):
            failed.add(test.path)
    near = {path for path in files if path in changed or direct(path).intersection(changed)}
    if all_direct and near:
        return near | failed
    if sum(files.values()) < WORTH_IT:
        return set(files)
    first = {path for path in files if path in changed}
    if not first:
        first = {min(files, key=lambda path: (path not in near, files[path], path))}
    return first | (failed if len(failed) <= FEW else set())
