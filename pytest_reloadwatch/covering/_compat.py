"""The one place for private API of coverage and pytest-cov: checked on coverage 7.4 to 7.17, pytest-cov 4.1 to 7.1."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.covering.figures import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType

    import pytest

_PLUGIN = "_cov"  # the name under which pytest-cov registers what measures
_LOW = (1 << 28) - 1
_TRACERS = frozenset({"CTracer", "PyTracer"})


def take_over(plugin: Any, name: str | None) -> Any:
    """The coverage object that pytest-cov's *plugin* has started, which is ours from here on; None for other plugins.

    With this flag the plugin neither saves, combines, reports nor fails the run; there is no option for that.
    """
    if name != _PLUGIN or getattr(plugin, "cov_controller", None) is None:
        return None
    plugin._disabled = True
    return plugin.cov_controller.cov


def unregister(config: pytest.Config) -> None:
    """Let pytest-cov's plugin go, whose coverage is ours by now."""
    plugin = config.pluginmanager.getplugin(_PLUGIN)
    if plugin is not None:
        config.pluginmanager.unregister(plugin)


class Collector:
    """What coverage's collector has collected and nobody has taken yet: files, each with lines or arcs.

    Its own way out is through a data file, which takes longer than many tests do. *on_context* is called before
    the context changes. *source_of* gives the first-party source that a file name of code stands for, else nothing:
    where ``is_whole``, all of these are measured, those that are not to be as *extra*.
    """

    def __init__(self, measured: Any, on_context: Callable[[], None], source_of: Callable[[str], str]) -> None:
        self.context = measured.config.context or ""
        self._cov = measured
        self._collector = measured._collector
        self._on_context = on_context
        self._arcs = _Arcs()
        self._monitor = _Rearming() if type(self._collector.tracers[0]).__name__ == "SysMonitor" else None
        self._collector.flush_data = self._flush
        self._collector.covdata = self
        self._source_of = source_of
        self._names: dict[str, str] = {}  # of code, by the file that it is measured as
        self.extra: set[str] = set()
        self.is_whole = _measures_all_code(measured, self._collector)
        if self.is_whole:
            self._widen()

    @property
    def has_arcs(self) -> bool:
        return bool(self._collector.branch)

    @property
    def tracers(self) -> dict[str, str]:
        """The plugins that trace files, by the file."""
        return dict(self._collector.file_tracers)

    def take(self) -> Iterator[tuple[str, frozenset[Any]]]:
        """Files and what has been executed in them since the last call, in the form that ``numbers`` reads."""
        if self._monitor is not None:
            self._monitor.rearm(self._collector.tracers)
        for path, live in list(self._collector.data.items()):
            if live:
                found = frozenset(live)
                live -= found  # tracers keep this very set, and other threads may add to it
                yield path, found

    def source(self, path: str) -> str:
        """The first-party source that a measured file is, else nothing."""
        return self._source_of(self._names[path]) if path in self._names else ""

    def is_tracing(self) -> bool:
        """Whether this thread is measured, and nobody else has put his trace function in the place."""
        active: object = sys.gettrace()
        tracer = getattr(active, "__self__", active)  # a method of the Python tracer, the C tracer itself
        return any(tracer is known for known in self._collector.tracers)

    def on_thread(self, call: Callable[[], None]) -> None:
        """Have *call* be called in each thread in which coverage begins to measure from here on."""
        start = self._collector._start_tracer

        def start_tracer() -> Any:
            call()
            return start()

        self._collector._start_tracer = start_tracer

    def _widen(self) -> None:
        """Have first-party files traced that are not to be measured, for what executes in them counts for others."""
        should_trace = self._collector.should_trace

        def decide(filename: str, frame: FrameType) -> Any:
            found = should_trace(filename, frame)
            self._decide(filename, found)
            return found

        self._collector.should_trace = decide
        for tracer in self._collector.tracers:
            tracer.should_trace = decide
        for filename, found in list(self._collector.should_trace_cache.items()):
            self._decide(filename, found)

    def _decide(self, filename: str, found: Any) -> None:
        if not filename.startswith("<") and found is not None and self._source_of(filename):
            if not found.trace:
                found.trace = True
                found.source_filename = os.path.realpath(filename)
                self.extra.add(found.source_filename)
            self._names[found.source_filename] = filename

    def numbers(self, found: frozenset[Any]) -> Iterable[int]:
        """Line numbers, or arcs as covering.figures has them."""
        return map(self._arcs.__getitem__, found) if self.has_arcs else found

    def unexecuted(self) -> list[tuple[str, str]]:
        """Files that were to be measured, executed or not, each with the plugin that traces it, if any."""
        return [(path, plugin or "") for path, plugin in self._cov._inorout.find_possibly_unexecuted_files()]

    def source_places(self) -> list[str]:
        """The directories of the measured sources; those of packages are known once these are imported."""
        inorout = self._cov._inorout
        directories = getattr(inorout, "source_dirs", None) or getattr(inorout, "source", [])
        packages = [getattr(sys.modules.get(name), "__path__", []) for name in inorout.source_pkgs]
        return [*directories, *(place for places in packages for place in places)]

    def stop(self) -> None:
        """After the last test."""
        if self._cov._started:
            self._cov.stop()

    # What the collector calls of its data

    def _flush(self) -> bool:
        self._on_context()
        return False

    def set_context(self, context: str | None) -> str | None:
        """As coverage's data has it."""
        before, self.context = self.context, context or ""
        return before or None


def _measures_all_code(measured: Any, collector: Any) -> bool:
    """Whether every line that executes in a file that is traced is heard of, in whichever thread."""
    is_tracer = type(collector.tracers[0]).__name__ in _TRACERS
    is_known = sys.version_info < (3, 14)  # what is suspended was not looked for in later versions
    return bool(
        is_tracer
        and is_known
        and collector.threading is not None
        and collector.concur_id_func is None
        and not list(measured._plugins.file_tracers)
    )


class _Arcs(dict[Any, int]):
    """Arcs as we have them, by arcs as a collector has them: there are few, and each is asked for many times."""

    def __missing__(self, arc: Any) -> int:
        ends = arc if isinstance(arc, tuple) else _unpack(arc)
        found = self[arc] = pack(*ends)
        return found


def _unpack(arc: int) -> tuple[int, int]:
    """As coverage's C tracer packs the two lines of an arc."""
    first, last = arc & _LOW, (arc >> 28) & _LOW
    return (-first if arc & (1 << 56) else first, -last if arc & (1 << 57) else last)


_met: dict[int, CodeType] = {}  # code whose lines have reported to the sys.monitoring core since they were last armed


class _Rearming:
    """The sys.monitoring core hears of each line once in a process: it must hear once for each owner."""

    def rearm(self, tracers: list[Any]) -> None:
        monitoring: Any = getattr(sys, "monitoring")  # noqa: B009 - from Python 3.12 on, where this core is
        while _met:
            _, code = _met.popitem()
            for tracer in tracers:
                info = tracer.code_infos.get(id(code))
                events = monitoring.get_local_events(tracer.myid, code)
                monitoring.set_local_events(tracer.myid, code, 0)
                monitoring.set_local_events(tracer.myid, code, events)
                if hasattr(info, "last_line"):
                    info.last_line = None


def note_monitored_code() -> None:
    """Before coverage starts: have its sys.monitoring core note which code it hears of."""
    monitor: Any = importlib.import_module("coverage.sysmon").SysMonitor
    for name in ("sysmon_line_lines", "sysmon_line_arcs", "sysmon_branch_either", "sysmon_py_return"):
        original = getattr(monitor, name, None)
        if original is not None and not hasattr(original, "__wrapped__"):
            setattr(monitor, name, _noting(original))


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    def noting(self: Any, code: CodeType, *args: Any) -> Any:
        _met[id(code)] = code
        return original(self, code, *args)

    noting.__wrapped__ = original  # type: ignore[attr-defined]
    return noting


def default_core_is_monitoring() -> bool:
    """Whether coverage uses sys.monitoring where nobody has chosen, as on Python 3.14."""
    env: Any = importlib.import_module("coverage.env")
    return bool(getattr(env, "SYSMON_DEFAULT", False))


def executable_files(config: Any, places: list[str]) -> list[str]:
    """The files below *places* that a report is to have, executed or not, as *config* of coverage says."""
    from coverage.files import GlobMatcher, find_python_files, prep_patterns

    omitted = GlobMatcher(prep_patterns(config.run_omit), "omit") if config.run_omit else None
    namespaces = getattr(config, "include_namespace_packages", False)
    found = {os.path.realpath(path) for place in places for path in find_python_files(place, namespaces)}
    return [path for path in found if omitted is None or not omitted.match(path)]


def aliases(config: Any) -> Callable[[str], str]:
    """How ``[paths]`` of coverage's configuration has a file renamed, as in combining data files."""
    from coverage.files import PathAliases

    found = PathAliases(relative=config.relative_files)
    for result, *patterns in config.paths.values():
        for pattern in patterns:
            found.add(pattern, result)
    return found.map if config.paths else lambda path: path


def reporter(options: Any, measured: Any, directory: str) -> Any:
    """What pytest-cov makes its reports with, from the data of *measured*, which has been loaded."""
    from types import SimpleNamespace

    engine: Any = importlib.import_module("pytest_cov.engine")
    made = engine.Central(options, SimpleNamespace(option=options), None)
    made.cov, made.topdir = measured, directory
    made.node_descs.add(made.get_node_desc(sys.platform, sys.version_info))
    return made
