"""The recorder: on whose account something was read, listed, imported or looked up in vain.

Something read while a module executes belongs to that module; in a fixture of a wider scope, to the
fixture and so to every test that uses it; in a test, to the test. The first-party function that did
it counts too, because it may keep the result for others: its module gets an edge to the file. Not to the
test's own file: whatever is in there a test can hand over in any call, and nobody else would ask for it.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch import _compat
from pytest_reloadwatch.graph.keys import line_key, path_of, text_key, there_key
from pytest_reloadwatch.proof.digest import FIRST_PARTY, is_listing, listing_key, lookup_key
from pytest_reloadwatch.record import disk
from pytest_reloadwatch.record.children import key_of, passed_over, watch_pipes
from pytest_reloadwatch.record.commands import named_in
from pytest_reloadwatch.record.firstparty import is_in_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set
    from types import CodeType, FrameType

    from pytest_reloadwatch.record.children import Child
    from pytest_reloadwatch.record.costs import Cost
    from pytest_reloadwatch.record.executed import CodeWatcher, Executed
    from pytest_reloadwatch.record.firstparty import FirstParty

_IMPORTLIB = "<frozen importlib"
_REWRITE = os.path.join("_pytest", "assertion", "rewrite.py")
_RUNPY = "<frozen runpy>"
_CACHE = f"{os.sep}__pycache__"
_READERS = frozenset({"linecache.py", "tokenize.py"})
_KEEPERS = frozenset({"linecache.py", "gettext.py"})  # of the standard library
SHOWERS = frozenset({"traceback.py", "warnings.py"})
UNCOUNTED = 1 << 60  # more often than anybody reads a file
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_RESOLVER, _RESOLVE = os.path.realpath.__code__.co_filename, frozenset({"realpath", "_joinrealpath"})
_THERE = frozenset(f.__code__ for f in (os.path.exists, os.path.isfile, os.path.isdir) if hasattr(f, "__code__"))
_PYTEST = (f"{os.sep}_pytest{os.sep}", f"{os.sep}pluggy{os.sep}")
_FIXTURES = f"{os.sep}_pytest{os.sep}fixtures.py"


@dataclass
class Owner:
    """A test, or a fixture that several tests share: what it read and executed itself, and whether it is opaque.

    *children* are processes that it started, or talked to, and that report; what they have told is not in *keys* yet.
    *code* is the function of the test or fixture; what it reads directly need not be charged to its module.
    *read* are those of the keys of which more was wanted than whether there is anything. *executed* are numbers of code
    (record.executed), None where it is not known. *silent* names the processes because of which it is opaque.
    *is_shared* says that several tests may use it. *path* is the test file that it is all about, if there is one.
    *set_ups* are fixtures of the widest scopes that a test has used, with the seconds that their set-up took.
    """

    code: CodeType | None = None
    path: str = ""
    keys: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    executed: set[int] | None = field(default_factory=set)
    opaque: bool = False
    silent: set[str] = field(default_factory=set)
    children: dict[Child, None] = field(default_factory=dict)
    is_shared: bool = False
    set_ups: dict[str, float] = field(default_factory=dict)

    def add(self, other: Owner) -> None:
        """What *other* took in counts for this one too."""
        self.keys |= other.keys
        self.read |= other.read
        self.opaque = self.opaque or other.opaque
        self.silent |= other.silent
        self.children |= other.children
        self.add_executed(other.executed)

    def add_executed(self, executed: set[int] | None) -> None:
        if executed is None or self.executed is None:
            self.executed = None
        else:
            self.executed |= executed


@dataclass
class Learned:
    """What was seen since the last report; merged by the controller into what it knows.

    *past* is everything that the process has taken in: keys in order; *there* what of it was there then. *edges* lead
    from a module's file to what its code imported or read; *ambient* was taken in on nobody's account. *at_import* is
    the first-party code that executed while modules were imported, None where that is not known. *executed* are names
    of modules that a loader has given code to, where *modules* are those that it was asked for. *costs* are those of
    imports. *opens* says how often files were opened that are no sources.
    """

    past: dict[str, None] = field(default_factory=dict)
    there: dict[str, None] = field(default_factory=dict)
    modules: list[tuple[str, str]] = field(default_factory=list)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    ambient: dict[str, None] = field(default_factory=dict)
    at_import: set[Executed] | None = field(default_factory=set)
    executed: list[str] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    opens: dict[str, int] = field(default_factory=dict)


class Recorder:
    """One for the whole timeline; a fork inherits it with everything learned."""

    def __init__(self, first_party: FirstParty) -> None:
        self.first_party = first_party
        self.learned = Learned()
        self.paused = False
        self.only_past = False  # while modules are hoisted: who imports them is not who will
        self.written: dict[str, bool] = {}  # path: whether it was there before
        self.on_write: Callable[[str], None] = lambda _path: None
        self.on_connect: Callable[[str], None] = lambda _path: None
        self.on_retime: Callable[[str], None] = lambda _path: None
        self.on_keep: Callable[[str], None] = lambda _path: None
        self.on_silent: Callable[[], None] = lambda: None
        self.on_import: Callable[[], None] = lambda: None
        self.on_take: Callable[[], None] = lambda: None
        self.on_trace: Callable[[FrameType], None] = lambda _frame: None  # who is about to set another trace function
        self.collects_plainly: Callable[[], bool] = lambda: False
        self.covered: Callable[[], CodeWatcher | None] = lambda: None  # for what coverage, measuring all, may miss
        self.has_silent = False  # whether a process was started, on no test's account, that does not report
        self._owners: list[Owner] = []
        self._edges_told: set[tuple[str, str]] = set()
        self._makers: dict[str, Owner | None] = {}  # of what was made here: the last test that wrote it
        self._looked_at: set[str] = set()
        self._kept_by_libraries: set[str] = set()
        self._asks = functools.cache(self._judge_asker)
        self._started: list[Child] = []
        self._kept: list[Child] = []  # those of which a module may keep something

    def begin_run(self) -> None:
        """Who is told may have forgotten since what sources rest on that have changed."""
        self._edges_told.clear()

    def has_news(self) -> bool:
        """Whether a verdict could not be told from what is known: more was learned than is learned time and again."""
        new = self.learned
        return bool(new.there or new.modules or new.ambient or not new.edges.keys() <= self._edges_told)

    def take(self) -> Learned:
        """What was learned since the last call."""
        self.on_take()
        self.hear_children()
        learned, self.learned = self.learned, Learned()
        self._edges_told |= learned.edges.keys()
        return learned

    def pause(self) -> None:
        """Nothing that happens in this process from now on is of any account."""
        self.paused = True

    @property
    def has_owner(self) -> bool:
        """Whether what happens does so on some test's or fixture's account."""
        return bool(self._owners)

    def push(self, owner: Owner) -> None:
        self._owners.append(owner)

    def pop(self) -> Owner:
        return self._owners.pop()

    def merge_into_current(self, owner: Owner) -> None:
        """What *owner*, no longer active, took in counts for the one that is."""
        for current in self._owners[-1:]:
            current.add(owner)

    def executed(self, found: set[int] | None) -> None:
        """Code was executed on the current owner's account; None where it is not known which."""
        for owner in self._owners[-1:]:
            owner.add_executed(found)

    def executed_at_import(self, found: set[int] | None, codes: Sequence[Executed]) -> None:
        """Modules were imported while this executed; None where it is not known what."""
        if found is None or self.learned.at_import is None:
            self.learned.at_import = None
        else:
            self.learned.at_import.update((self.code_source(codes[n][0]), *codes[n][1:]) for n in found)

    def code_source(self, filename: str) -> str:
        """The first-party source that the *filename* of code stands for; empty for others, and for those made here."""
        source = self.first_party.frame_source(filename)
        return "" if self._is_made_here(source) else source

    def executing(self, name: str, path: str) -> None:
        """The module *name* is about to be executed from *path*."""
        self.learned.modules.append((name, path))
        self.learned.past[path] = None
        self.on_import()

    def cost(self, cost: Cost) -> None:
        """A module has been imported, and that was what it took."""
        self.learned.costs.append(cost)

    def opened(self, path: str, frame: FrameType) -> None:
        path, is_bytecode = _source_of(path)
        if not path.endswith(".py") and self.first_party.is_data(path):
            self.learned.opens[path] = self.learned.opens.get(path, 0) + 1
        if self._is_made_here(path) or not self.first_party.is_data(path) or _is_for_showing(frame):
            return
        imported = is_bytecode or (path.endswith(".py") and _is_import(frame))
        key = path if imported else text_key(path)
        self._charge([key], frame, ambient=imported or not path.endswith(".py"))
        if not imported and path not in self._kept_by_libraries and self._may_be_kept(path, frame):
            self._kept_by_libraries.add(path)
            self.on_keep(path)

    def _may_be_kept(self, path: str, frame: FrameType | None) -> bool:
        """Whether a library reads it for first-party code, and so may give it to others without reading it again.

        Sources are read in this way by whoever shows or inspects a function, which is of no account to others.
        """
        if path.endswith(".py") or self.only_past:
            return False
        while frame is not None and not self.first_party.frame_source(frame.f_code.co_filename):
            if _keeps(frame.f_code.co_filename):
                return True
            frame = frame.f_back
        return False

    def listed(self, path: str, frame: FrameType) -> None:
        if frame.f_code.co_filename.startswith(_IMPORTLIB) or not self.first_party.is_data(path):
            return
        # What pytest lists to collect is nobody's dependency, but part of the past.
        self._charge([self._listing_key(path, frame)], frame, ambient=False)

    def _listing_key(self, path: str, frame: FrameType) -> str:
        """Few names in a directory matter to those who only look for tests or for distributions."""
        collects = _compat.lists_to_collect(frame) and self.collects_plainly()
        return lookup_key(path) if collects or _compat.lists_distributions(frame) else listing_key(path)

    def scanned(self, path: str, frame: FrameType) -> None:
        """First-party code looks at the entries of a directory, and may ask each how large or new it is: unheard."""
        if self.first_party.frame_source(frame.f_code.co_filename) and self.first_party.is_data(path):
            for name in _names_in(path):
                self.asked(os.path.join(path, name), frame)

    def is_asked_by_first_party(self, frame: FrameType | None) -> bool:
        """Whether this is asked on behalf of a first-party function, and not by pytest or the import system.

        A plugin's fixture asks for its test, and a thread for whoever has started it.
        """
        asks, called = self._asks, None
        while frame is not None:
            answer = asks(frame.f_code.co_filename)
            if answer is not None:
                return answer or (called is not None and frame.f_code.co_filename.endswith(_FIXTURES))
            called, frame = frame, frame.f_back
        return True

    def _judge_asker(self, filename: str) -> bool | None:
        """Whether a function of *filename* asks for first-party code, or for others; None: for whoever called it."""
        if self.first_party.frame_source(filename):
            return True
        is_machinery = filename.startswith((_IMPORTLIB, _OWN)) or any(part in filename for part in _PYTEST)
        return False if is_machinery else None

    def asked(self, path: str, frame: FrameType) -> None:
        """Whether there is anything at *path*, and perhaps how large or new it is."""
        if not self._is_made_here(path) and self.first_party.is_data(path) and not _is_for_showing(frame):
            key = there_key(path) if frame.f_code in _THERE else text_key(path)
            self._charge([key], frame, ambient=True, is_read=False)

    def shown(self, filename: str, line: str, frame: FrameType) -> None:
        """A traceback or a warning shows this line of a source to its reader, who keeps no more of it."""
        path = disk.abspath(filename)
        if line and filename[:1] != "<" and not self._is_made_here(path) and self.first_party.is_data(path):
            self.learned.past[path] = None
            for owner in self._owners[-1:]:
                owner.keys.add(line_key(path, line))
                owner.read.add(line_key(path, line))
            for source in self._responsible(frame, self._owners[-1] if self._owners else None, only_modules=True):
                self.learned.edges[source, line_key(path, line)] = None

    def asked_whether_there(self, path: str, frame: FrameType) -> None:
        """The same where no more is asked; of a directory on the way to something nothing else can be learned."""
        is_way = disk.is_directory(path) and not disk.is_link(path)
        if is_way or self._is_made_here(path) or not self.first_party.is_data(path):
            return
        if not _only_resolves(path, frame):
            self._charge([path], frame, ambient=True, is_read=False)

    def missing(self, paths: list[str], frame: FrameType) -> None:
        """Modules were looked for at these first-party *paths*, and nothing was there."""
        if paths:
            self._charge(paths, frame, ambient=True, may_be_there=False)

    def passed_over(self, paths: list[str]) -> None:
        """A module was found elsewhere, after looking at these paths; its importer's source says the same."""
        self.learned.past.update(dict.fromkeys(paths))

    def joined(self, paths: list[str], frame: FrameType) -> None:
        """A namespace package was found: at these first-party *paths* it has its directories, or may get another."""
        if paths:
            self._charge(paths, frame, ambient=True, is_read=False)

    def imported(self, path: str, frame: FrameType) -> None:
        """A module that was loaded before has been imported by name."""
        self._charge([path], frame, ambient=False)

    def _is_made_here(self, path: str) -> bool:
        """Whether this process has written *path* and nothing was there before: what it holds rests on nothing else.

        What another test has made does not: that can be another thing when this one does not run.
        """
        return self.written.get(path) is False and self._makers.get(path) in (None, self._maker())

    def _maker(self) -> Owner | None:
        """The test that is under way; None where a fixture that others share is set up for it, or no test is."""
        return None if any(owner.is_shared for owner in self._owners) else self._owners[0] if self._owners else None

    def wrote(self, path: str, *, existed: bool | None = None) -> None:
        """Something is about to be written at *path*; what Python and other tools keep for themselves is of no account.

        The directory that one of these comes to be in has another time stamp by that, and the same names that count.
        """
        if path.endswith(_CACHE):
            self.retimed(os.path.dirname(path))
        elif _CACHE + os.sep not in path and path not in self.written:
            self.written[path] = disk.is_there(path) if existed is None else existed
            if self.first_party.is_data(path):
                self.on_write(path)
            else:
                self.retimed(os.path.dirname(path))
        if self.written.get(path) is False:
            self._makers[path] = self._maker()

    def connected(self, path: str, frame: FrameType) -> None:
        """A database file: what is there is read, and may be written without another word."""
        if not disk.is_there(path):
            self.wrote(path)
        elif not self._is_made_here(path) and self.first_party.is_data(path):
            self.on_connect(path)
            self.opened(path, frame)

    def retimed(self, path: str) -> None:
        """The time stamps or the mode of *path* are set: its content stays."""
        if self.first_party.is_data(path):
            self.on_retime(path)

    def spawned(self, child: Child, frame: FrameType) -> None:
        """A child process is started: one that does not report can read anything, so its owner is opaque.

        What its command names it reads for certain.
        """
        if self.paused:
            return
        watch_pipes(self._talks)
        if not child.report:
            self.on_silent()
            for path in named_in(child.words, child.directory, self.first_party.is_data):
                (self.listed if is_listing(path) else self.opened)(path, frame)
        owner = self._owners[-1] if self._owners else None
        if owner is not None and (child.report or not self._imports_package(frame)):
            self._connect(owner, child)
        child.keepers = self._keepers(child, frame, owner)
        self._started = [*self._living(), child]
        if child.keepers:
            self._kept.append(child)

    def _talks(self) -> None:
        if not self.paused:
            self.connects()

    def connects(self) -> None:
        """Something is sent, or a socket connected, perhaps to a process that was started earlier and lives on."""
        if self._owners and not self._owners[-1].children.keys() >= set(self._started):
            self._started = self._living()
            for child in self._started:
                self._connect(self._owners[-1], child)

    def settle(self, owner: Owner) -> None:
        """Take what the children of *owner* have told up to now; it is over, or a moment of it is."""
        for child in owner.children:
            self._hear(child)
            owner.keys |= child.keys
            owner.read |= child.keys
            if child.is_silent:
                owner.opaque = True
                owner.silent.add(child.what)

    def hear_children(self) -> None:
        """Charge what children have told to the modules that may keep what came of it."""
        waiting = []
        for child in self._kept:
            has_ended = child.has_ended()
            self._hear(child)
            keys = {*child.keys, FIRST_PARTY} if child.is_silent else child.keys
            if not self.only_past:
                self.learned.edges.update(((source, key), None) for source in child.keepers for key in keys - {source})
            self.has_silent = self.has_silent or child.is_silent
            if not has_ended:
                waiting.append(child)
        self._kept = waiting

    def _living(self) -> list[Child]:
        return [child for child in self._started if not child.has_ended()]

    def _connect(self, owner: Owner, child: Child) -> None:
        if child.report:
            owner.children[child] = None
        else:
            owner.opaque = True
            owner.silent.add(child.what)

    def _keepers(self, child: Child, frame: FrameType, owner: Owner | None) -> tuple[str, ...]:
        """The sources that may keep what *child* gives; of one that does not report, a function of a test's does not.

        What an installed package starts while it is imported is its own affair, as what it reads.
        """
        if child.report:
            return tuple(self._responsible(frame, owner))
        if self._imports_package(frame):
            return ()
        if owner is None:
            return tuple(self._responsible(frame, owner))
        return tuple(self._responsible(frame, owner, only_modules=True))

    def _imports_package(self, frame: FrameType | None) -> bool:
        while frame is not None and not self.first_party.frame_source(frame.f_code.co_filename):
            if frame.f_code.co_filename.startswith(_IMPORTLIB):
                return True
            frame = frame.f_back
        return False

    def _hear(self, child: Child) -> None:
        for kind, fields in child.read():
            keys = self._keys_told(kind, fields)
            child.keys.update(keys)
            paths = dict.fromkeys(map(path_of, keys))
            self.learned.past.update(paths)
            self._look_at(paths.keys() - self._looked_at)

    def _keys_told(self, kind: str, fields: list[str]) -> list[str]:
        if kind == "I":
            name, origin, *places = fields
            return passed_over(name, origin, filter(self.first_party.is_source, places), is_open=not origin)
        if kind == "C":
            directory, *words = fields
            named = named_in(words, directory, self.first_party.is_data)
            return [path if is_listing(path) else text_key(path) for path in named if not self._is_made_here(path)]
        if kind in ("W", "N"):
            self.wrote(fields[0], existed=kind == "W")
            return []
        if kind == "T":
            self.retimed(fields[0])
            return []
        path, _ = _source_of(fields[0])
        if kind == "R":
            self.learned.opens[path] = UNCOUNTED  # it tells once
        if not self._is_made_here(path) and self.first_party.is_data(path):
            if kind == "D":
                self.on_connect(path)
            return [key_of(kind, path)]
        return []

    def _charge(
        self, keys: list[str], frame: FrameType, *, ambient: bool, is_read: bool = True, may_be_there: bool = True
    ) -> None:
        paths = dict.fromkeys(map(path_of, keys))
        self.learned.past.update(paths)
        if may_be_there:
            self._look_at(paths.keys() - self._looked_at)
        if self.only_past:
            return
        owner = self._owners[-1] if self._owners else None
        if owner is not None:
            owner.keys.update(keys)
            owner.read.update(keys if is_read else ())
        is_own = owner is not None and paths.keys() <= {owner.path}
        charged = False
        for source in self._responsible(frame, owner, only_modules=is_own):
            charged = True
            self.learned.edges.update(((source, key), None) for key in keys if key != source)
        if ambient and owner is None and not charged:
            self.learned.ambient.update(dict.fromkeys(keys))

    def _look_at(self, paths: Set[str]) -> None:
        """Who follows these later cannot know by then whether there was anything."""
        self._looked_at |= paths
        self.learned.there.update(dict.fromkeys(filter(disk.is_there, paths)))

    def _responsible(
        self, frame: FrameType | None, owner: Owner | None, *, only_modules: bool = False
    ) -> Iterator[str]:
        """The nearest first-party function on the stack, and the module being executed, by their files."""
        first = not only_modules
        while frame is not None:
            code = frame.f_code
            if owner is not None and code is owner.code:
                return  # what lies below is pytest
            source = self.first_party.frame_source(code.co_filename)
            if source:
                is_module = code.co_name == "<module>"
                if is_module or first:
                    yield source
                if is_module:
                    return
                first = False
            frame = frame.f_back


def _only_resolves(path: str, frame: FrameType) -> bool:
    """Whether ``realpath`` asks for a link at *path* and what is there is none: the same to it, whatever it holds.

    ``inspect`` asks that of each module's file.
    """
    code = frame.f_code
    if code.co_name not in _RESOLVE or code.co_filename != _RESOLVER or frame.f_locals.get("strict"):
        return False
    return disk.is_there(path) and not disk.is_link(path)


def _names_in(directory: str) -> list[str]:
    try:
        return [name for name in disk.names_in(directory) if disk.is_file(os.path.join(directory, name))]
    except OSError:
        return []


def _is_for_showing(frame: FrameType | None) -> bool:
    """Whether *frame* works for linecache, and that for a traceback or a warning; they tell of each line themselves."""
    while frame is not None and _reads_lines(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None and os.path.basename(frame.f_code.co_filename) in SHOWERS


@functools.cache
def _keeps(filename: str) -> bool:
    """Whether the library that *filename* belongs to may keep what it has read."""
    if os.path.basename(filename) in _KEEPERS:
        return True
    is_ours = filename.startswith(_OWN) or any(part in filename for part in _PYTEST)
    return is_in_package(filename) and not is_ours


@functools.cache
def _reads_lines(filename: str) -> bool:
    return os.path.basename(filename) in _READERS or filename.startswith(_OWN)


def _is_import(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    return filename.startswith((_IMPORTLIB, _RUNPY)) or filename.endswith(_REWRITE)


def _source_of(path: str) -> tuple[str, bool]:
    """The source behind a cached bytecode file, and whether it was one."""
    directory, name = os.path.split(path)
    if not name.endswith((".pyc", ".pyo")) or os.path.basename(directory) != "__pycache__":
        return path, False
    return os.path.join(os.path.dirname(directory), name.partition(".")[0] + ".py"), True
