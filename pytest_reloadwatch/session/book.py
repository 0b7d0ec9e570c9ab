"""The book: what the session knows of the tree, of imports and of verdicts, and what it takes to prove one."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeVar

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.closure import ImportGraph
from pytest_reloadwatch.graph.keys import code_key, path_of, proof_key, text_key, with_texts
from pytest_reloadwatch.proof.digest import (
    ALL_SOURCES,
    CONFTESTS,
    FIRST_PARTY,
    WHOLE_RUN,
    digest_file,
    is_looked_for,
)
from pytest_reloadwatch.proof.model import BAD, Collected, Function, Group, Proof
from pytest_reloadwatch.proof.rank import FAR, Ranked, rank
from pytest_reloadwatch.proof.selection import Matcher, Selection, select
from pytest_reloadwatch.proof.store import Store
from pytest_reloadwatch.session.bases import Bases
from pytest_reloadwatch.session.borrowed import Borrowed
from pytest_reloadwatch.session.confirming import Confirming, Judged, is_of_whole_run
from pytest_reloadwatch.session.conftests import Conftests
from pytest_reloadwatch.session.executions import Executions
from pytest_reloadwatch.session.following import Following
from pytest_reloadwatch.session.groups import Groups
from pytest_reloadwatch.session.listings import Listings
from pytest_reloadwatch.session.mentions import Mentions
from pytest_reloadwatch.session.namesakes import Namesakes
from pytest_reloadwatch.session.parsed import Parsed
from pytest_reloadwatch.session.repeats import Repeats
from pytest_reloadwatch.session.silent_reads import SilentReads
from pytest_reloadwatch.session.steadiness import Steadiness
from pytest_reloadwatch.watch.reads import Reads
from pytest_reloadwatch.watch.tree import Sweep, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pytest_reloadwatch.covering.executed import Executed
    from pytest_reloadwatch.covering.keeper import Ended
    from pytest_reloadwatch.graph.inert import Extent
    from pytest_reloadwatch.graph.source import Source
    from pytest_reloadwatch.proof.chronicle import Chronicle
    from pytest_reloadwatch.record.firstparty import FirstParty
    from pytest_reloadwatch.rewind.messages import Collection as CollectionMessage
    from pytest_reloadwatch.rewind.messages import Knowledge, TestEnded
    from pytest_reloadwatch.session.run_record import RunRecord

KEPT = 8
_Record = TypeVar("_Record", Collected, Proof)


class Book:
    """Owned by the controller; everything here happens between two runs or on a run's messages."""

    def __init__(self, store: Store, environment: str, scope: str, first_party: FirstParty) -> None:
        reads = Reads()
        self.tree = Tree(lambda path: self._parsed.read(path).code, lambda path: reads.aside(digest_file, path))
        self._parsed = Parsed(store, self.tree)
        self.graph = ImportGraph(lambda path: self._parsed.read(path).imports)
        self.files, self.proofs = store.load(environment, scope)
        self.store = store
        self._environment = environment
        self._scope = scope
        self.following = Following(self.tree, first_party)
        self.steadiness = Steadiness(self.tree, self.following, self.proofs)
        self.silent_reads = SilentReads(reads, self.following, first_party)
        self._ambient: set[str] = set()
        self._conftests = Conftests(first_party.rootdir, self.tree)
        self.namesakes = Namesakes(self.tree)
        self._executed_conftests: set[str] = set()
        self._module_paths: dict[str, str] = {}
        self._module_names: dict[str, str] = {}
        self._texts: set[str] = set()  # files of which tests are made in another way than from a module
        self._test_files = self.files.keys() | {known[-1].path for known in self.proofs.values()}
        self.executions: Counter[str] = Counter()  # how often each module was executed, by name
        self.loose: dict[str, str] = {}  # outcomes that could not be proven
        self._flaky: dict[str, tuple[str, str]] = {}
        self._dropped: list[str] = []
        self._selection: Selection | None = None
        self._selected_with = self.following.source_states
        self._ranked: list[Ranked] | None = None
        self._with_history: set[str] = set()
        self._executions = Executions(store, environment, self.tree, self._parsed.read, self._parsed.recall)
        self._mentions = Mentions(self.tree, self._parsed.read)
        self._matcher = Matcher(self.tree.entries)
        self._groups = Groups(self.tree, self.following)
        self._repeats = Repeats(self._executions, self._mentions, self.proofs)  # for the tree that was last run
        borrowed = Borrowed(self._executions, self._mentions, self.proofs, self._groups, self.tree)
        self.confirming = Confirming(
            store,
            environment,
            self.files,
            self.proofs,
            self.tree,
            self._module_names,
            borrowed,
            lambda nodeid: self._repeats.should_repeat(nodeid),
        )
        self.listings = Listings(self.tree, self.following, self._groups.make)
        self._unprepared: list[str] = []
        self._unclosed: list[str] = []
        for group in self._all_groups():
            self.following.follow(key for key, _ in group)
        self.following.digest_sources()
        self._conftests.look(self._test_files)
        self.namesakes.look(self._test_files)

    # The tree

    def sweep(self) -> Sweep:
        """Look at the tree; the graph forgets what has changed."""
        found = self.tree.sweep()
        if found.changed:
            self._selection = None
            self.following.find_new_sources(found.changed)
            if any(os.path.basename(key) == "conftest.py" for key in found.changed) and self._conftests.look(
                self._test_files
            ):
                found.changed.add(CONFTESTS)
            if any(key in self._test_files or os.path.basename(key) == "__init__.py" for key in found.changed):
                found.changed |= self.namesakes.look(self._test_files)
            found.sources = self.following.digest_sources()
            if found.sources:
                found.changed |= ALL_SOURCES
        return found

    def forget(self, changed: Collection[str]) -> None:
        """These keys are not as they were: what was seen of them does not count until they are again.

        It still counts for a source of which only comments or formatting changed.
        """
        for path in {path_of(key) for key in changed}:
            state = self.tree.digest(path) if path in self.tree else ""
            is_same_code = self.tree.tracks_code(path) and code_key(path) not in changed
            self.graph.turn(path, state, is_same_code=is_same_code)
        self.graph.forget_moved(changed)

    def source(self, path: str) -> Source:
        """What the source at *path* parses to, as it was last looked at."""
        return self._parsed.read(path)

    def extent(self, path: str) -> Extent:
        """How far the source at *path* only imports and defines."""
        return self._parsed.extent(path)

    def ask_for_executed(self, covered: Executed) -> None:
        """What a test of the latest run executed as far as it covered it is known to *covered*."""
        self._executions.covered = covered

    # Selection

    def select(self) -> Selection:
        """What is not proven for the tree as it was last looked at; nobody may change the answer."""
        if self._selection is None or self._selected_with is not self.following.source_states:
            self._selection = select(self.files, self.proofs, self.tree.entries, self._match())
            if self._read_history(test.nodeid for test in self._selection.selected):
                self._selection = select(self.files, self.proofs, self.tree.entries, self._match())
            self._selected_with = self.following.source_states
            self._ranked = None
        return self._selection

    def _read_history(self, nodeids: Iterable[str]) -> bool:
        """Earlier proofs are read when the latest does not hold; whether there are any."""
        wanted = {nodeid for nodeid in nodeids if nodeid in self.proofs} - self._with_history
        self._with_history |= wanted
        try:
            found = self.store.history(self._environment, wanted) if wanted else {}
        except StoreUnusableError:  # it only saves time, and saving will complain
            return False
        new: dict[int, Group] = {}
        for nodeid, proofs in found.items():
            known = self.proofs[nodeid]
            groups = {proof.groups for proof in known}
            needs_whole = is_of_whole_run(known[-1].groups)
            earlier = [p for p in proofs if p.groups not in groups and needs_whole <= is_of_whole_run(p.groups)]
            new.update((id(group), group) for proof in earlier for group in proof.groups)
            known[:] = (earlier + known)[-KEPT:]
        self.following.follow(key for group in new.values() for key, _ in group)
        return bool(new)

    def ranked(self) -> list[Ranked]:
        """The same tests with their ranks."""
        selected = self.select().selected
        if self._ranked is None:
            self._executions.look_again()
            self._ranked = rank(selected, self.proofs, self._executions.changes, self._executions.executed)
        return self._ranked

    def as_before(self, nodeids: Iterable[str]) -> tuple[list[str], bool]:
        """Those of these tests that will execute what they did when they last ran, and whether all imports will."""
        self.ranked()  # looks again at what has changed
        repeats = self._repeats = Repeats(self._executions, self._mentions, self.proofs)
        return repeats.tests(nodeids), repeats.imports(test.nodeid for test in self.select().selected)

    def distance_to(self, changed: Collection[str]) -> Callable[[str], int]:
        """How many imports are between a file and those that changed; all is worked out when somebody first asks."""
        found: dict[str, tuple[int, str]] = {}

        def distance(path: str) -> int:
            if not found:
                found.update(self.ways_to(changed))
            return found.get(path, (FAR, ""))[0]

        return distance

    def seconds(self, nodeid: str) -> float:
        """How long a test took when it last ran."""
        return sum(proof.seconds for proof in self.proofs.get(nodeid, ())[-1:])

    def prepare(self) -> bool:
        """Do a little of what will be needed when the run ends, while it uses the other processor."""
        if self.following.find_sources():
            return True
        if self._unprepared:
            self._parsed.read(self._unprepared.pop())
        elif self._unclosed:
            self.base_keys(self._unclosed.pop())
        return bool(self._unprepared or self._unclosed)

    def moved_since_proven(self) -> set[str]:
        """The files that are not as they were when something was last proven."""
        return {path_of(key) for group in self._all_groups() for key, _ in group - self.tree.entries}

    def rest_on(self, modules: Iterable[str]) -> None:
        """These were executed before any run: every verdict rests on them."""
        self._ambient.update(modules)

    # What runs tell

    def learn(self, run: RunRecord, message: Knowledge) -> None:
        """Take what a run's recorder has seen into graph and tree."""
        self.following.follow(message.past)
        run.touched.update(key for key in message.there if not self.tree.exists(key))  # they have gone meanwhile
        self._executions.note_at_import(message.at_import)
        run.past.update(message.past)
        run.opens.update(dict(message.opens))
        self._ambient.update(message.ambient)
        self.executions.update(message.executed)
        for name, path in message.modules:
            run.modules[name] = self._module_paths[name] = path
            self._module_names[path] = name
            if run.collection is not None:
                run.imported[path] = len(run.ended)
            self.graph.add_module(name, path)
            self._unprepared.append(path)
            if os.path.basename(path) == "conftest.py":
                self._executed_conftests.add(path)
        for importer, key in message.edges:
            self.graph.add_edge(importer, key)
        for importer in {importer for importer, _ in message.edges}:
            if importer in self.tree:
                self.graph.note_state(importer, self.tree.digest(importer))

    def learn_collection(self, run: RunRecord, message: CollectionMessage) -> None:
        """A run has collected: which test files there are, and from where they import."""
        collected = run.reads_before(message.mark)
        run.collection, run.collected_reads = message, len(collected)
        run.collected_untold = set(collected) - run.opens.keys() - run.connected
        self._test_files.update(path for path, _, _ in message.files)
        self._texts.update(message.texts)
        self._conftests.look(self._test_files)
        self.tree.track(self._test_files)
        self.namesakes.look(self._test_files)
        self.graph.set_roots(message.roots)
        self._unclosed = [path for path, _, _ in message.files]

    def close(self, run: RunRecord) -> dict[str, str]:
        """Turn what *run* told into proofs and keep them.

        The answer are the nodeids that could not be proven, each with something that it rests on and that was
        written meanwhile; ``loose`` has their outcomes.
        """
        self._selection = None
        self.steadiness.judge(run)
        self.silent_reads.judge(run)
        bases = Bases(self.base_keys, self.group)
        judged = self.confirming.judge(run, bases)
        unproven: dict[str, str] = {}
        files = self._close_files(run, bases, judged, unproven)
        self._note_listing(run)
        run.functions = self._executions.resolve(run.codes)
        proofs = self._close_tests(run, bases, judged, unproven)
        self.steadiness.note(run)
        watched = [run.ended[p.nodeid] for p in proofs if not run.ended[p.nodeid].as_before]
        executed = {ended.nodeid: self._executions.functions(ended, run) for ended in watched}
        self._pending = (files, proofs, executed)
        self._unprepared.clear()
        self._unclosed.clear()
        return unproven

    def ended(self, run: RunRecord, unproven: Collection[str]) -> Ended:
        """What coverage has to know of a run that has been closed."""
        from pytest_reloadwatch.covering.keeper import Ended  # only with --cov

        proven = [self.proofs[nodeid][-1] for nodeid in run.ended if nodeid not in unproven]
        return Ended(run.number, proven, self.steadiness.disturbed(run), not run.pruned and run.collection is not None)

    def note_uncollectable(self, path: str, nodeid: str) -> None:
        """The run died while it collected *path*: an error of that file, for its state now."""
        self._selection = None
        group = self.group(self.base_keys(path))
        _keep(self.files.setdefault(path, []), Collected(path, nodeid, (group,), "error", ()))

    def save(self) -> str:
        """Write what the last closed run gave; a complaint for the person where that fails."""
        files, proofs, executed = self._pending
        self._pending = ([], [], {})
        try:
            self.store.forget_files(self._environment, self._scope, self._dropped)
            at_import = self._executions.take_new_at_import()
            numbers = self.store.save(self._environment, self._scope, files, proofs, executed | at_import)
            self.confirming.save(self.store)
            self.store.save_sources(self._parsed.take_unsaved())
            self._executions.remember(numbers)
        except StoreUnusableError as error:
            self.store = self._parsed.store = Store(None)
            self._executions.move(self.store)
            return f"the store cannot be written ({error}): what is proven is kept for this session only"
        finally:
            self._dropped = []
        return ""

    def heed(self, moved: Mapping[str, set[str]], own: Collection[str], *, is_idle: bool) -> set[str]:
        """The listings that were left out and have a name which nobody but the person can have given: they count again.

        It may be another test file's. *moved* are the names that came and went, *own* paths that tests write.
        """
        found = set()
        for key in self.following.volatile & moved.keys():
            paths = {os.path.join(key.rstrip(os.sep), name) for name in moved[key]} - set(own)
            if any(is_looked_for(os.path.basename(path)) or (is_idle and os.path.isdir(path)) for path in paths):
                found.add(key)
        if found:
            self.following.count(found)  # what was collected before does not rest on them
            self.listings.clear()
            self.steadiness.declare(found)
        return found

    _pending: tuple[list[Collected], list[Proof], dict[str, set[Function] | None]] = ([], [], {})

    # Groups

    def group(self, keys: Iterable[str]) -> Group:
        """These keys, as they were recorded, with their digests now."""
        return self._groups.make(keys)

    def base_keys(self, path: str) -> set[str]:
        """What every test of the file *path* rests on: its imports, its conftests, and what is ambient.

        Where it asks for the numbers of lines, that is the text of all sources too.
        """
        if path.endswith(os.sep):
            path = os.path.join(path, "conftest.py")
        ambient = self._ambient - self._executed_conftests - self._test_files
        own = {path, *self._conftests.above(path)}
        keys = self.graph.closure({*own, *ambient, *self._conftests.far, *self.namesakes.keys(path), CONFTESTS})
        if path in self._texts:
            keys = keys | {text_key(path)}
        return with_texts(keys) if any(self._parsed.read(one).asks_for_lines for one in own) else keys

    def brought_along(self, nodeids: Iterable[str], prune: Collection[str]) -> set[str]:
        """Files among *prune* that have to be collected all the same: they import what these tests only find there."""
        latest = [self.proofs[nodeid][-1] for nodeid in nodeids if nodeid in self.proofs]
        wanted = set().union(*(self._executions.unimported(proof) for proof in latest if len(proof.groups) > 1))
        found = set()
        for path in sorted(self.files, key=lambda path: path in prune) if wanted else ():
            imported = {code_key(source) for source in wanted}.intersection(
                key for group in self.files[path][-1].groups for key, _ in group
            )
            if imported:
                wanted -= set(map(path_of, imported))
                found.add(path)
        return found.intersection(prune)

    def doubtful(self) -> frozenset[str]:
        """The tests, and files with their tests, whose verdict a whole run has yet to confirm."""
        doubtful = self.confirming.doubtful
        if not doubtful:
            return frozenset()
        selection = self.select()
        files = {path: name for path in selection.uncollected if (name := self.files[path][-1].nodeid) in doubtful}
        tests = {test.nodeid for test in selection.selected if test.nodeid in doubtful or test.path in files}
        return frozenset(tests.union(files.values()))

    @property
    def chronicle(self) -> Chronicle:
        """Where rounds, costs and remarks are kept; another one after the store could not be written."""
        return self.store.chronicle

    @property
    def environment(self) -> str:
        return self._environment

    @property
    def scope(self) -> str:
        return self._scope

    @property
    def store_path(self) -> str:
        """The file in which everything is kept; empty where there is none."""
        return self.store.path or ""

    def take_flaky(self) -> dict[str, tuple[str, str]]:
        """The tests that had another verdict for the same files since the last call: before, and then."""
        flaky, self._flaky = self._flaky, {}
        return flaky

    def known_tests(self) -> set[str]:
        """The nodeids of all tests that there were at the last collections, and of files that failed then."""
        latest = [records[-1] for records in self.files.values()]
        failing = {record.nodeid for record in latest if record.outcome in BAD}
        return failing.union(*(record.nodeids for record in latest))

    def report(self, outcomes: Mapping[str, str]) -> dict[str, str]:
        """These in the order in which pytest collects them, with the files that were skipped as a whole."""
        found: dict[str, str] = {}
        for record in (records[-1] for records in self.files.values()):
            found |= {record.nodeid: record.outcome} if record.outcome == "skipped" else {}
            found |= {nodeid: outcomes[nodeid] for nodeid in record.nodeids if nodeid in outcomes}
        return found | {nodeid: outcome for nodeid, outcome in outcomes.items() if nodeid not in found}

    def files_without(self, nodeids: Collection[str]) -> set[str]:
        """The files that have none of these tests."""
        wanted = set(nodeids)
        return {path for path, found in self.files.items() if wanted.isdisjoint((found[-1].nodeid, *found[-1].nodeids))}

    def module_paths(self) -> dict[str, str]:
        """The files of the modules that runs of this session have executed, by name."""
        return self._module_paths

    def module_name(self, path: str) -> str:
        """The name of the module that was executed from *path*, if it is none of the tests'."""
        return "" if path in self._test_files or path in self._executed_conftests else self._module_names.get(path, "")

    def ways_to(self, changed: Collection[str]) -> dict[str, tuple[int, str]]:
        """How imports lead from sources to the nearest of those that changed (see graph.closure)."""
        keys = set().union(*map(self.base_keys, self.files))
        sources = {key for key in keys if key.endswith(".py") and key == path_of(key)}
        return self.graph.ways(changed, sources)

    def _close_files(self, run: RunRecord, bases: Bases, judged: Judged, unproven: dict[str, str]) -> list[Collected]:
        if run.collection is None:
            return []
        items: dict[str, list[str]] = {}
        for nodeid, path in run.collection.items:
            items.setdefault(path, []).append(nodeid)
        kept: list[Collected] = []
        self._drop_mended_directories(run.collection)
        self._drop_passed_over(run, run.collection)
        fresh = self._fresh_files(run.collection, judged)
        for path, _, _ in fresh:
            bases.group(path)  # looks at all that it holds, before it is asked what was disturbed
        disturbed = self.steadiness.disturbed(run)
        for path, nodeid, outcome in fresh:
            if written := bases.keys(path) & disturbed:
                if outcome in BAD:  # of others the tests tell
                    unproven[nodeid] = path_of(min(written))
                    self.loose[nodeid] = outcome
                continue
            nodeids = tuple(dict.fromkeys(items.get(path, ())))
            needs_whole_run = nodeid in judged.differing or self.confirming.needs_whole_run(self.files.get(path))
            own = [frozenset({WHOLE_RUN})] if needs_whole_run else []
            groups = (bases.group(path), *map(bases.own, [*own, *self.silent_reads.by(run.collected_reads)]))
            record = Collected(path, nodeid, groups, outcome, nodeids)
            _keep(self.files.setdefault(path, []), record)
            kept.append(record)
        return kept

    def _fresh_files(self, collection: CollectionMessage, judged: Judged) -> list[tuple[str, str, str]]:
        """Those of which the book does not know for the tree as it is what collecting them gives."""
        fresh = []
        matcher = self._match()
        for path, nodeid, outcome in collection.files:
            known = self.files.get(path, [])
            is_as_known = outcome not in BAD and known and known[-1].outcome == outcome
            if nodeid not in judged.mended and not (is_as_known and matcher.holds(known[-1].groups)):
                fresh.append((path, nodeid, outcome))
        return fresh

    def _drop_mended_directories(self, collection: CollectionMessage) -> None:
        """A directory is on record only while its conftest fails."""
        failing = {path for path, _, _ in collection.files}
        for path in [path for path in self.files if path.endswith(os.sep) and path not in failing]:
            del self.files[path]

    def _drop_passed_over(self, run: RunRecord, collection: CollectionMessage) -> None:
        """A file that pytest has come by and did not collect is none of the tests' any more: a conftest ignores it."""
        collected = {path for path, _, _ in collection.files}
        failing = tuple(path for path in collected if path.endswith(os.sep))
        for path in [path for path in self.files if path not in collected and path not in run.pruned]:
            if self.tree.exists(path) and not path.startswith(failing):
                del self.files[path]
                self._dropped.append(path)
                self.listings.clear()  # it was among those that earlier collections gave

    def _close_tests(self, run: RunRecord, bases: Bases, judged: Judged, unproven: dict[str, str]) -> list[Proof]:
        kept: list[Proof] = []
        owns = self._owns(run, bases, judged)
        disturbed = self.steadiness.disturbed(run)
        self._match()
        for ended in run.ended.values():
            own = owns[ended.nodeid]
            if ended.nodeid in judged.mended:
                continue
            silent = self.silent_reads.by(run.reads_at_end.get(ended.nodeid, len(run.reads)))
            if written := (bases.keys(ended.path) & disturbed).union(*(keys & disturbed for keys in (own, *silent))):
                unproven[ended.nodeid] = path_of(min(written))
                self.loose[ended.nodeid] = ended.outcome
                continue
            groups = (bases.group(ended.path), *map(bases.own, [*([own] if own else []), *silent]))
            proof = Proof(ended.nodeid, ended.path, groups, ended.outcome, ended.seconds, ended.waited)
            self._note_flaky(proof)
            _keep(self.proofs.setdefault(ended.nodeid, []), proof)
            if ended.nodeid in judged.differing:
                self.proofs[ended.nodeid] = [proof]  # what it was alone is of no account
            kept.append(proof)
        return kept

    def _owns(self, run: RunRecord, bases: Bases, judged: Judged) -> dict[str, set[str]]:
        """What each test rests on beside what its file does, all of it looked at."""
        owns: dict[str, set[str]] = {}
        parts: dict[str, set[str]] = defaultdict(set)  # what those of each document rest on so far
        for ended in run.ended.values():
            bases.group(ended.path)
            own = owns[ended.nodeid] = self._own_keys(ended, run, bases.keys(ended.path))
            if ended.opaque:
                own.add(FIRST_PARTY)
            if ended.unseen:
                own |= self.following.everything
            if ended.is_part:
                own.update(parts[ended.path])
                parts[ended.path] |= own
            if ended.nodeid in judged.differing or self.confirming.needs_whole_run(self.proofs.get(ended.nodeid)):
                own |= {WHOLE_RUN}.union(*(owns[name] for name in owns if run.ended[name].path == ended.path))
            self.following.follow(map(proof_key, own))
        for part in self.silent_reads.by(len(run.reads)):
            self.following.follow(map(proof_key, part))
        return owns

    def _note_flaky(self, proof: Proof) -> None:
        """An earlier verdict that holds for the same files is another one."""
        for before in self.proofs.get(proof.nodeid, ()):
            if (before.outcome in BAD) != (proof.outcome in BAD) and self._matcher.holds(before.groups):
                self._flaky[proof.nodeid] = (before.outcome, proof.outcome)

    def _own_keys(self, ended: TestEnded, run: RunRecord, base: set[str]) -> set[str]:
        """What a test took in beside *base*, with all that its code rests on: others may have imported it before."""
        taken = set(ended.keys)
        if ended.as_before:
            taken = taken.union(*map(self._groups.sources_in, self.proofs[ended.nodeid][-1].groups))
        sources = self._executions.sources(ended, run)
        if ended.covered and sources is None:  # coverage was blind, if for a moment, and nobody else looked
            taken.add(FIRST_PARTY)
        taken.update(sources or ())
        return self._with_imports(taken - base) - base

    def _with_imports(self, keys: set[str]) -> set[str]:
        code = {key for key in keys if key.endswith(".py") and key == path_of(key)}
        return keys | self.graph.closure(code) if code else keys

    def _note_listing(self, run: RunRecord) -> None:
        """Nothing else is there to collect, if something is known of each file that was."""
        self.listings.is_missed = False
        if run.collection is not None and all(path in self.files for path, _, _ in run.collection.files):
            self.listings.note(run, self.graph.closure(self._executed_conftests))

    def _match(self) -> Matcher:
        """The matcher, told what moved since it was last asked."""
        self._matcher.forget(self.tree.take_moved())
        return self._matcher

    def _all_groups(self) -> set[Group]:
        files = {group for records in self.files.values() for record in records for group in record.groups}
        return files | {group for proofs in self.proofs.values() for proof in proofs for group in proof.groups}


def _keep(records: list[_Record], record: _Record) -> None:
    """Newest last, one for each state of the dependencies, a few in all."""
    others = [known for known in records if known.groups != record.groups]
    records[:] = others[1 - KEPT :]
    records.append(record)
