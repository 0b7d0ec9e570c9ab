"""A plugin that switches one recorder off, as RELOADWATCH_SABOTAGE says, to see that some selection trap notices.

It is loaded with ``-p sabotage``, so before the session's first fork: in the controller and in all runs.
"""

import os
from dataclasses import replace

from pytest_reloadwatch.graph import names, source
from pytest_reloadwatch.graph.closure import ImportGraph
from pytest_reloadwatch.graph.imports import SourceImports
from pytest_reloadwatch.proof import digest, selection
from pytest_reloadwatch.record import recorder
from pytest_reloadwatch.record.owners import Owners
from pytest_reloadwatch.record.recorder import Owner, Recorder
from pytest_reloadwatch.session import book, parsed
from pytest_reloadwatch.session import conftests as conftests_module
from pytest_reloadwatch.session.book import Book
from pytest_reloadwatch.session.conftests import Conftests
from pytest_reloadwatch.session.listings import Listings
from pytest_reloadwatch.watch.reads import Reads
from pytest_reloadwatch.watch.tree import Sweep, Tree

NAME = os.environ.get("RELOADWATCH_SABOTAGE", "")


def nothing(*args, **kwargs):
    """Instead of a method that records."""


def spoil(function):
    """Register *function*, which does the damage that has its name."""
    SABOTAGES[function.__name__] = function
    return function


SABOTAGES = {}


@spoil
def opened():
    Recorder.opened = nothing


@spoil
def listed():
    Recorder.listed = nothing


@spoil
def asked():
    Recorder.asked = nothing


@spoil
def shown():
    Recorder.shown = nothing


@spoil
def missing():
    Recorder.missing = nothing


@spoil
def passed_over():
    Recorder.passed_over = nothing


@spoil
def imported_by_name():
    Recorder.imported = nothing


@spoil
def databases():
    Recorder.connected = nothing


@spoil
def child_processes():
    Recorder.spawned = nothing


@spoil
def named_in_commands():
    recorder.named_in = lambda *_: []


@spoil
def executed_code():
    Owner.add_executed = nothing


@spoil
def shared_fixtures():
    Owners._add_shared = nothing


@spoil
def fixtures_by_name():
    """What a shared fixture asked for by name when it was set up; its users' own are left."""
    add_shared = Owners._add_shared

    def add_to_tests_only(self, owner, used):
        if not any(owner is known for known in self._fixtures.values()):
            add_shared(self, owner, used)

    Owners._add_shared = add_to_tests_only


@spoil
def edges_at_run_time():
    ImportGraph.add_edge = nothing


@spoil
def imports_in_the_source():
    read = source.read_source
    parsed.read_source = lambda *given: replace(read(*given), imports=SourceImports())


@spoil
def names_in_strings():
    read = source.read_source

    def read_without(*given):
        found = read(*given)
        return replace(found, imports=SourceImports(found.imports.imports))

    parsed.read_source = read_without


@spoil
def implicit_packages():
    names.Resolver.packages = lambda self, path: set()


@spoil
def conftests():
    Conftests.above = lambda self, path: ()


@spoil
def ambient():
    """What was taken in on nobody's account, and before the first run."""
    Book._ambient = property(lambda self: set(), lambda self, value: None)


@spoil
def far_conftests():
    """Conftests of other directories, whose hooks and side effects reach beyond these."""
    conftests_module.reaches_beyond = lambda source: False


@spoil
def imports_of_computed_names():
    """What a module that a test imported by name rests on itself."""
    Book._with_imports = lambda self, keys: set(keys)


@spoil
def entries_scanned():
    Recorder.scanned = nothing


@spoil
def whether_there():
    Recorder.asked_whether_there = nothing


@spoil
def listings_of_tests():
    Listings.is_known = lambda self: True


@spoil
def content():
    """Digests are of size and modification time, as make's."""

    def digest_by_stat(path):
        try:
            found = os.stat(path)
        except OSError:
            return digest.ABSENT
        return f"{found.st_size} {found.st_mtime_ns}"

    book.digest_file = digest_by_stat


@spoil
def sweeps():
    Tree.sweep = lambda self: Sweep()


@spoil
def failing_again():
    """A failing verdict counts as a proof too."""
    selection.BAD = frozenset()


@spoil
def texts():
    """The text of a source counts nowhere, only its code."""
    recorder.text_key = lambda path: path


@spoil
def kept_by_libraries():
    Recorder._may_be_kept = lambda self, path, frame: False


@spoil
def silent_reads():
    """What is told by the kernel; with all others too, for most of them it would stand in."""


if NAME:
    Reads.take = lambda self: {}
    SABOTAGES[NAME]()
