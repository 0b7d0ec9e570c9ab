"""What makes a pytest process a run: the finder, the recorder's sources and the plugins, all put in at once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch import _compat
from pytest_reloadwatch.record import audit
from pytest_reloadwatch.record.executed import make_watcher
from pytest_reloadwatch.record.importing import Importing
from pytest_reloadwatch.record.owners import Owners
from pytest_reloadwatch.rewind import bytecode
from pytest_reloadwatch.rewind.debugger import Debugger
from pytest_reloadwatch.rewind.finder import RewindFinder
from pytest_reloadwatch.rewind.life import record_loads
from pytest_reloadwatch.rewind.run import Pruner, Run

if TYPE_CHECKING:
    import pytest

    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.life import Life


def begin_run(config: pytest.Config, life: Life, recorder: Recorder, reports: str) -> Run:
    """From here on what counts is recorded, and told by *life*; *reports* is the directory for what children tell."""
    first_party = recorder.first_party
    recorder.collects_plainly = lambda: _compat.collects_plainly(config)
    finder = RewindFinder(recorder, life)
    watcher = make_watcher(lambda filename: bool(first_party.frame_source(filename)))
    owners, importing = Owners(recorder, watcher), Importing(recorder, watcher)
    run = Run(life, finder, owners, importing, config)
    for plugin in (run, Pruner(run), owners, Debugger(life)):
        config.pluginmanager.register(plugin)
    sys.meta_path.insert(0, finder)
    bytecode.guard_loading(first_party)
    _compat.guard_rewritten_bytecode(bytecode.is_trusted)
    begin_record = record_loads(life, recorder)  # outside of that guard, which does not ask what lies within
    life.on_resume.append(begin_record)
    begin_record()
    _compat.watch_imports_by_name(finder.imported_by_name)
    _compat.watch_extended_paths(finder.extended)
    importing.install()
    config.pluginmanager.register(importing)
    audit.install(recorder, reports)
    return run
