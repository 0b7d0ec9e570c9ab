"""The one place for private API of pytest: a function each, with the reason. Checked on pytest 8.0 to 9.2.

What of the standard library's is needed in children too stands with them, in record.child, for they cannot import this.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import importlib.util
import os
import sys
import types
import typing
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from types import CodeType, FrameType, ModuleType

    import pytest

_PATHLIB = os.path.join("_pytest", "pathlib.py")
_CONFIG = os.path.join("_pytest", "config", "__init__.py")
_METADATA = os.path.join("importlib", "metadata", "__init__.py")
_GLOBBING = frozenset({"pathlib.py", "pathlib", "glob.py", "fnmatch.py"})  # of the standard library, 3.10 to 3.14


def cache_directory(config: pytest.Config) -> str:
    """Pytest's cache directory, before the cache plugin is configured: there is no public way that early."""
    try:
        place = str(config.getini("cache_dir"))
    except (KeyError, ValueError):  # the cache plugin is off
        place = ".pytest_cache"
    place = os.path.expandvars(os.path.expanduser(place))
    return os.path.join(config.rootpath, place)


def clear_cache(directory: str) -> None:
    """What --cache-clear does; a run is too late for it, since the store is open by then."""
    from pathlib import Path

    from _pytest.cacheprovider import Cache

    Cache.clear_cache(Path(directory), _ispytest=True)


def capture_files(config: pytest.Config) -> Iterable[tuple[int, int | None]]:
    """The temporary files of the global capture, each with the descriptor that it stands for just now.

    Forks share the offset of an open file, and pytest offers no way to give a capture another file.
    """
    manager = config.pluginmanager.getplugin("capturemanager")
    captures: Any = getattr(manager, "_global_capturing", None)
    for stream in ("out", "err"):
        capture: Any = getattr(captures, stream, None)
        if hasattr(capture, "targetfd") and capture._state in ("started", "suspended"):
            yield capture.tmpfile.fileno(), capture.targetfd if capture._state == "started" else None


def lists_to_collect(frame: FrameType | None) -> bool:
    """Whether *frame*, which lists a directory, is pytest at its collection, or at its look for ``test*/conftest.py``.

    There is one function for the first, and a glob of pathlib in one file for the second.
    """
    if frame is not None and frame.f_code.co_name == "scandir":
        return frame.f_code.co_filename.endswith(_PATHLIB)
    while frame is not None and _GLOBBING.intersection(frame.f_code.co_filename.split(os.sep)[-2:]):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.endswith(_CONFIG)


def conftest_at_hand(frame: FrameType | None) -> str:
    """The conftest that pytest has found and is importing, its packages first; empty where it does something else."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_importconftest" and code.co_filename.endswith(_CONFIG):
            return str(frame.f_locals["conftestpath"])
        frame = frame.f_back
    return ""


def lists_distributions(frame: FrameType) -> bool:
    """Whether *frame*, which lists a directory, looks for the metadata of installed distributions there."""
    return frame.f_code.co_filename.endswith(_METADATA)


def collects_plainly(config: pytest.Config) -> bool:
    """Whether only pytest's own plugins make collectors of files, and they only of the usual ones.

    What a hook implementation belongs to is told by the name of its plugin.
    """
    makers = {maker.plugin_name for maker in config.pluginmanager.hook.pytest_collect_file.get_hookimpls()}
    return makers <= {"python", "doctest"} and not config.getoption("doctestglob", None)


def empty_collect_report(collector: pytest.Collector) -> pytest.CollectReport:
    """A report of a file without tests; since pytest 9.2 reports are made from a node's id object."""
    import pytest  # sessions of the interpreter without pytest import this module too

    return pytest.CollectReport(getattr(collector, "id", collector.nodeid), "passed", None, [])


def stands_alone(item: pytest.Item) -> bool:
    """Whether pytest itself has made this test, of a function or of a docstring: it begins with nothing of others."""
    return isinstance(item, _standing_alone())


@functools.cache
def _standing_alone() -> tuple[type[pytest.Item], ...]:
    import pytest  # sessions of the interpreter without pytest import this module too
    from _pytest.doctest import DoctestItem

    return pytest.Function, DoctestItem


def is_of_modules(collector: pytest.Collector) -> bool:
    """Whether a file's collector imports it as a module, and names what it finds there as the code does."""
    import pytest  # sessions of the interpreter without pytest import this module too
    from _pytest.doctest import DoctestModule

    return isinstance(collector, (pytest.Module, DoctestModule))


def matches_markers(expression: str, markers: Collection[str]) -> bool:
    """Whether a test with *markers* is one of ``-m expression``; pytest has no public way. Raises ValueError."""
    from _pytest.mark.expression import Expression

    try:
        has: Any = lambda name, **_: name in markers  # noqa: E731 - its type differs from one version to the next
        return bool(Expression.compile(expression).evaluate(has))
    except SyntaxError as error:  # pytest 9 has its own kind of it, 8 has a ParseError
        raise ValueError(str(error)) from error
    except Exception as error:
        if type(error).__name__ == "ParseError":
            raise ValueError(str(error)) from error
        raise


def put_off_removal(config: pytest.Config) -> None:
    """Have what earlier processes left of ``tmp_path`` removed as this one ends, as pytest does as a last resort.

    Since 9.2 it does so before its session has finished, and may take longer for that than for all its tests.
    """
    factory: Any = getattr(config, "_tmp_path_factory", None)
    if hasattr(factory, "_exit_stack"):
        factory._exit_stack = contextlib.ExitStack()


def stop_at(config: pytest.Config, failures: int) -> None:
    """What ``--maxfail`` says, which a session asks for at each failure."""
    config.option.maxfail = failures


class JunitSettings(typing.NamedTuple):
    """Where ``--junitxml`` is to be written, and how."""

    path: str
    prefix: str
    suite: str
    family: str


def junit_settings(config: pytest.Config) -> JunitSettings | None:
    """None where no such report is wanted; pytest's plugin for it offers them only once a run has begun."""
    known = config.known_args_namespace
    path = getattr(known, "xmlpath", None)
    if not path:
        return None
    path = os.path.abspath(os.path.expanduser(os.path.expandvars(path)))
    family = "xunit1" if config.getini("junit_family") == "legacy" else str(config.getini("junit_family"))
    return JunitSettings(path, known.junitprefix or "", str(config.getini("junit_suite_name")), family)


_LEAVE_OUT = {"lf": "--last-failed", "stepwise": "--stepwise", "stepwise_skip": "--stepwise-skip"}


def leaving_out(config: pytest.Config) -> list[str]:
    """The options given which leave out tests because of how others fared last."""
    return [shown for name, shown in _LEAVE_OUT.items() if getattr(config.known_args_namespace, name, False)]


def ask_for_all(config: pytest.Config) -> None:
    """Have these options no effect: with them a file seems to have no other tests. Before configure."""
    for name in _LEAVE_OUT.keys() & vars(config.option).keys():
        setattr(config.option, name, False)


def writes_snapshots(config: pytest.Config) -> bool:
    """Whether syrupy (5 and later: earlier ones delete what other tests use) or inline-snapshot is at work."""
    known = config.known_args_namespace
    return hasattr(known, "inline_snapshot") or (hasattr(known, "update_snapshots") and hasattr(known, "no_cleanup"))


def ask_for_no_snapshots(config: pytest.Config) -> None:
    """At a terminal inline-snapshot asks after each run what to do, where keys are the session's."""
    if getattr(config.option, "inline_snapshot", "") is None:
        config.option.inline_snapshot = "report"


def update_snapshots(config: pytest.Config) -> None:
    """What ``--snapshot-update --snapshot-no-cleanup`` and ``--inline-snapshot=create,fix`` say; before configure."""
    option = config.option
    if hasattr(option, "inline_snapshot"):
        option.inline_snapshot = "create,fix"
    if hasattr(option, "update_snapshots") and hasattr(option, "no_cleanup"):
        option.update_snapshots = option.no_cleanup = True


def refresh_early_state(config: pytest.Config) -> None:
    """What pytest's plugins read once at their start, and a session that goes on for hours must read again."""
    _refresh_last_failed(config)
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        _restart_clock(reporter)


def _refresh_last_failed(config: pytest.Config) -> None:
    last_failed: Any = config.pluginmanager.getplugin("lfplugin")
    cache = getattr(config, "cache", None)
    if last_failed is None or cache is None:
        return
    last_failed.lastfailed = type(last_failed)(config).lastfailed


def _restart_clock(reporter: Any) -> None:
    """The duration in the last line is of this run (pytest 8.4 has an Instant, older ones a float)."""
    if hasattr(reporter, "_session_start"):
        reporter._session_start = type(reporter._session_start)()
    elif hasattr(reporter, "_sessionstarttime"):
        from _pytest import timing

        reporter._sessionstarttime = timing.time()


def redirect(reporter: Any, file: Any) -> Any:
    """Have the terminal reporter print to *file*; where it did before is the answer."""
    before, reporter._tw._file = reporter._tw._file, file
    return before


def begin_line(config: pytest.Config, nodeid: str) -> None:
    """Another process has ended the reporter's line: it begins one, and counts its columns from there."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return
    reporter._tw._current_line = ""
    if reporter.currentfspath is not None:
        reporter.currentfspath = None
        if reporter.showfspath and not reporter.showlongtestinfo:
            reporter.write_fspath_result(nodeid, "")


def fixtures_used(request: Any) -> list[Any]:
    """The fixture definitions that a test's *request* has used, those asked for by name among them."""
    used = getattr(request, "_fixture_defs", None)
    return list(used.values()) if used else []


def count_finalizers(fixturedef: Any) -> int:
    """How much a fixture has to do in its teardown, which nothing public tells; other fixtures' count too."""
    return len(getattr(fixturedef, "_finalizers", ()))


def guard_rewritten_bytecode(is_trusted: Callable[[str, str], bool]) -> None:
    """Let pytest's assertion rewriting use a cached bytecode file only where *is_trusted* agrees.

    It compares whole seconds and sizes, as Python does; there is no option for more.
    """
    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    original = rewrite._read_pyc

    def read_guarded(source: Any, bytecode: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_trusted(str(source), str(bytecode)):
            return None
        return original(source, bytecode, *args, **kwargs)

    rewrite._read_pyc = read_guarded


@contextlib.contextmanager
def rewritten_from_source(is_own: Callable[[str], bool]) -> Iterator[None]:
    """Let pytest's assertion rewriting neither read nor write cached bytecode of sources for which *is_own* holds.

    There is no option for one source; where pytest's rewriting is not loaded nothing is cached by it.
    """
    rewrite: Any = sys.modules.get("_pytest.assertion.rewrite")
    if rewrite is None:
        yield
        return
    read, write = rewrite._read_pyc, rewrite._write_pyc

    from pathlib import Path

    nothing = Path(os.devnull)  # asked for all the same, so that who takes note of what is read hears of it

    def read_others(source: Any, bytecode: Any, *args: Any, **kwargs: Any) -> Any:
        return read(source, nothing if is_own(str(source)) else bytecode, *args, **kwargs)

    def write_others(state: Any, code: Any, *args: Any, **kwargs: Any) -> Any:
        return False if is_own(code.co_filename) else write(state, code, *args, **kwargs)

    rewrite._read_pyc, rewrite._write_pyc = read_others, write_others
    try:
        yield
    finally:
        rewrite._read_pyc, rewrite._write_pyc = read, write


def is_rewritten(module: ModuleType) -> bool:
    """Whether pytest's assertion rewriting has loaded *module*: that of tests and conftests, and what asks for it."""
    rewrite: Any = sys.modules.get("_pytest.assertion.rewrite")
    spec = module.__spec__
    return rewrite is not None and spec is not None and isinstance(spec.loader, rewrite.AssertionRewritingHook)


def clear_typing_caches() -> None:
    """Let go of classes that typing keeps as parts of ``list[...]`` and the like; it makes them again.

    The list of what to call is how CPython's own tests do it (3.10 to 3.14).
    """
    for clear in list(getattr(typing, "_cleanups", ())):
        clear()


def class_dictionary(owner: type) -> dict[str, Any] | None:
    """The dictionary behind a class's ``__dict__``, which is a view: the garbage collector knows it."""
    behind = gc.get_referents(owner.__dict__)
    return behind[0] if behind else None


def fixture_named(found: Any) -> str:
    """Scope and name, where this is pytest's definition of a fixture, which keeps what the fixture has made."""
    fixtures: Any = sys.modules.get("_pytest.fixtures")
    if fixtures is None or not isinstance(found, fixtures.FixtureDef):
        return ""
    return f"{found.scope} fixture {found.argname!r}"


def take_out_rewriting() -> None:
    """Take the assertion rewriting of a pytest that waits out of ``sys.meta_path``: the next one brings its own."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _rewrites(finder)]


def rewriting_hooks() -> list[Any]:
    """Those that rewrite assertions just now: one, unless tests run pytest."""
    return list(filter(_rewrites, sys.meta_path))


def pass_on_rewriting(before: Iterable[Any], hooks: Iterable[Any]) -> None:
    """Register with *hooks* what conftests have registered with those *before*, which they will not do once more."""
    marks = {name for hook in before for name in hook._must_rewrite}
    for hook in hooks:
        hook._must_rewrite.update(marks)  # pytest.register_assert_rewrite would warn of what is imported


def retire_rewriting(hooks: Iterable[Any], config: pytest.Config) -> None:
    """They stay as loaders of modules; nothing of the pytest that is over shall stay with them."""
    for hook in hooks:
        hook.config, hook.session = config, None


def _rewrites(finder: object) -> bool:
    return type(finder).__name__ == "AssertionRewritingHook"


def event_loops() -> Any:
    """asyncio's policy, made when it is first asked for, and what the main thread's loop is according to it."""
    events: Any = sys.modules.get("asyncio.events")
    policy = getattr(events, "_event_loop_policy", None)
    return policy, dict(vars(getattr(policy, "_local", None) or types.SimpleNamespace()))


def restore_event_loops(before: Any) -> None:
    """Make it so again: set_event_loop_policy would warn, and knows nothing of what has been asked for."""
    events: Any = sys.modules.get("asyncio.events")
    if events is None or not hasattr(events, "_event_loop_policy"):
        return
    policy, local = before
    events._event_loop_policy = policy
    if hasattr(policy, "_local"):
        vars(policy._local).clear()
        vars(policy._local).update(local)


def watch_imports_by_name(seen: Callable[[str], None]) -> None:
    """Call *seen* with the name at each importlib.import_module, and each importlib.util.find_spec that finds one.

    A module that is loaded already raises no audit event, and a test that imports it by a computed
    name, or only looks for it, rests on it all the same. import_module looks this function up at each call.
    """
    bootstrap: Any = importlib.import_module("importlib._bootstrap")
    original = bootstrap._gcd_import

    def import_recorded(name: str, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # no frame of ours in the report of a failing import
        module = original(name, *args, **kwargs)
        seen(getattr(module, "__name__", name))
        return module

    bootstrap._gcd_import = import_recorded
    find = importlib.util.find_spec

    @functools.wraps(find)
    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        __tracebackhide__ = True
        spec = find(name, package)
        if spec is not None:
            seen(spec.name)
        return spec

    importlib.util.find_spec = find_spec


def watch_extended_paths(seen: Callable[[str], None]) -> None:
    """Call *seen* with the name of each package that ``pkgutil.extend_path`` looks for parts of: no import tells."""
    import pkgutil

    extend = pkgutil.extend_path

    @functools.wraps(extend)
    def extend_path(path: list[str], name: str) -> list[str]:
        __tracebackhide__ = True
        seen(name)
        return extend(path, name)

    setattr(pkgutil, "extend_path", extend_path)  # noqa: B010 - for others it takes lists alone


_FINDING = """
def _find_and_load(name, import_):
    enter(name)
    try:
        return original(name, import_)
    finally:
        leave(name)
"""


def watch_finding(enter: Callable[[str], None], leave: Callable[[str], None]) -> None:
    """Call *enter* before, and *leave* after, each import of a module that is not loaded yet, with its name.

    There is no other way to know when an import is over. The interpreter and importlib look this function up at each
    import. Ours has importlib's file name, so that tracebacks leave it out, and warnings do not count it, as with
    importlib's own functions.
    """
    bootstrap: Any = importlib.import_module("importlib._bootstrap")
    code = compile(_FINDING, bootstrap._find_and_load.__code__.co_filename, "exec")
    names = {"original": bootstrap._find_and_load, "enter": enter, "leave": leave}
    exec(code, names)
    bootstrap._find_and_load = names["_find_and_load"]


_GET_CODE = SourceFileLoader.get_code.__code__  # importlib.machinery's, Python 3.10 to 3.14
_EXEC_MODULE = SourceFileLoader.exec_module.__code__
_NEAR = 4  # frames in which a loader that wraps another's method is found


def watch_loading(seen: Callable[[ModuleType, str, bytes, bool], None]) -> None:
    """Call *seen* with the module, and path and content of each file that a source loader reads to execute it.

    That is its bytecode file, its source, or one after the other: the flag says that this is the second.
    ``get_data`` returns before anything is compiled or executed, so that no frame of ours is in a traceback, or among
    those that a warning's stacklevel counts. That get_code calls it, with the bytecode in ``data``, and exec_module
    get_code, is how importlib is made.
    """
    original = SourceFileLoader.get_data

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        data = original(self, path)
        frame = sys._getframe(1)
        if frame.f_code is _GET_CODE:
            module = _executed_by(frame, _EXEC_MODULE)
            if module is not None:
                seen(module, path, data, "data" in frame.f_locals)
        return data

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign,assignment] # see above


def watch_rewriting(seen: Callable[[ModuleType, str, CodeType | None], None]) -> None:
    """The same for modules with rewritten assertions: *seen* gets the source's path, and the code where it was cached.

    Pytest's loader calls this function just before it reads the source, or executes what was cached.
    """
    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    original = rewrite._read_pyc
    exec_module = rewrite.AssertionRewritingHook.exec_module.__code__

    def read_noted(source: Any, bytecode: Any, *args: Any, **kwargs: Any) -> Any:
        code = original(source, bytecode, *args, **kwargs)
        module = _executed_by(sys._getframe(1), exec_module)
        if module is not None:
            seen(module, str(source), code)
        return code

    rewrite._read_pyc = read_noted


def _executed_by(frame: FrameType | None, exec_module: CodeType) -> ModuleType | None:
    """The module that *exec_module* is about to execute, a few frames up."""
    for _ in range(_NEAR):
        if frame is None or frame.f_code is exec_module:
            break
        frame = frame.f_back
    else:
        return None
    module: ModuleType | None = frame.f_locals.get("module") if frame is not None else None
    return module


def is_rewriting(loader: object) -> bool:
    """Whether *loader* is pytest's, which rewrites assertions."""
    return type(loader).__module__ == "_pytest.assertion.rewrite"


def rewritten_code(loader: Any, path: str) -> CodeType:
    """What pytest's *loader* would execute of the file *path*; it has no method that gives the code alone."""
    from pathlib import Path

    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    code: CodeType = rewrite._rewrite_test(Path(path), loader.config)[1]
    return code


def rewritten_bytecode(path: str) -> str:
    """Where pytest's loader keeps the rewritten code of the file *path*."""
    from pathlib import Path

    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    name = os.path.basename(path)
    return str(rewrite.get_cache_dir(Path(path)) / (name[: -len(".py")] + rewrite.PYC_TAIL))


def is_initializing(module: ModuleType) -> bool:
    """Whether *module* is in the middle of its own import; importlib notes it at the spec."""
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def initializing_watcher(seen: Callable[[str, bool], None]) -> Callable[[ModuleSpec], None]:
    """A function for specs: *seen* is called with the module's name as its execution begins, and as it ends.

    A loader of ours would have a frame in the traceback of each failing import. Importlib sets an attribute of the spec
    before and after it executes the module (Python 3.10 to 3.14), so the spec is of a class that notices until then.
    """

    class Watched(ModuleSpec):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            object.__setattr__(self, name, value)
            if name == "_initializing":
                if not value:
                    object.__setattr__(self, "__class__", ModuleSpec)
                seen(self.name, bool(value))

    Watched.__name__ = Watched.__qualname__ = ModuleSpec.__name__
    Watched.__module__ = ModuleSpec.__module__

    def watch(spec: ModuleSpec) -> None:
        if type(spec) is ModuleSpec:
            spec.__class__ = Watched

    return watch
