"""Runs in Python processes that a test starts: tells what they take in, before they have taken it in.

It is found on the way that PYTHONPATH leads, and takes every trace of that away again. It stands alone, for it runs
in processes that are none of ours, and imports nothing that is not loaded anyway, ``__future__`` no more than others.
The process that runs tests imports it too, as ``pytest_reloadwatch.record.child.sitecustomize``, for what both sides
have to agree on.

A report is a file to which the child and all that it starts append records; fields end with a NUL, records with a
line's end. They are

- ``S token pid``: a process has begun to report; ``X token``: one has been started that should;
- ``O``: something was started, or done, of which nothing more will be told; ``F``: it forks, the fork reports too;
  ``C directory word…``: the command of what was started like that, without blanks around the words;
- ``M path``: a module is executed from there; ``R path``: read; ``L path``: listed; ``A path``: asked for;
  ``D path``: a database; ``W path``: about to be written; ``N path``: the same where nothing was;
  ``T path``: about to get other time stamps or another mode;
- ``I name origin place…``: a module was looked for in these places, and found at the origin, if that is not empty.
"""

import _thread
import os
import sys

TYPE_CHECKING = False  # typing is not loaded in every process
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import Any

VARIABLE = "PYTEST_RELOADWATCH_CHILD"
HERE = os.path.dirname(os.path.abspath(__file__))
END = b"\0\n"

# A private function of the standard library is the one door for subprocess and multiprocessing: 3.10 to 3.14.
_DOOR = "_posixsubprocess"
_inheriting = _thread.allocate_lock()  # two threads must not exchange their children
_INTERPRETER = os.path.realpath(sys.executable) if sys.executable else ""
_NAMES = frozenset({sys.executable, _INTERPRETER} if sys.executable else ())
_TRACKER = "from multiprocessing.resource_tracker import main"


# What both sides use

# As they are before a test replaces them, to count calls or to forbid them.
_getcwd, _readlink, _abspath = os.getcwd, os.readlink, os.path.abspath

# For each path that an event names and that is written: where in its arguments it stands, and where the descriptor of
# the directory that it is relative to, if there is one (sys.audit events of the os module, and shutil.move).
WRITTEN: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "shutil.move": ((0, None), (1, None)),
}
# The same for those that keep their content and get other time stamps or another mode.
RETIMED: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.utime": ((0, 3),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((0, 2),),
}


def watch_starts(start: "Callable[..., int]") -> None:
    """Have *start* called for every process that subprocess or multiprocessing start, with the function that does it.

    multiprocessing raises no audit event, and looks the function up in its module at each call, as subprocess does on
    Python 3.10; since 3.11 subprocess has a name of its own for it.
    """
    door: Any = __import__(_DOOR)
    original = door.fork_exec

    def fork_exec(*args: "Any") -> int:
        return start(original, *args)

    door.fork_exec = fork_exec
    subprocess: Any = sys.modules.get("subprocess")
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = fork_exec


def close_other_door() -> None:
    """Have subprocess, which is about to start something, not use posix_spawn; its documentation says how."""
    subprocess: Any = sys.modules["subprocess"]
    subprocess._USE_POSIX_SPAWN = False


def reports(
    args: "Sequence[Any]", programs: "Sequence[Any]", directory: "Any", environment: list[bytes] | None
) -> bool:
    """Whether what is about to be started is this very Python, told to import its site customization."""
    try:
        return _reports(args, programs, directory, environment)
    except (OSError, TypeError, ValueError):  # it will not start either
        return False


def _reports(
    args: "Sequence[Any]", programs: "Sequence[Any]", directory: "Any", environment: list[bytes] | None
) -> bool:
    start = os.fsdecode(directory) if directory is not None else ""
    program = next(filter(_is_program, (os.path.join(start, os.fsdecode(p)) for p in programs)), "")
    words = [os.fsdecode(word) for word in list(args)[1:]]
    if program and not _is_interpreter(program):
        program, *options = _interpreter_of(program, start, environment)
        words = [*options, program]  # the script ends the options
    return _is_interpreter(program) and _has_site(words) and os.pathsep not in HERE


def may_outlive(args: "Sequence[Any]") -> bool:
    """Whether this is multiprocessing's own helper, which takes in nothing and may not have begun when a test ends."""
    return bool(args) and os.fsdecode(list(args)[-1]).startswith(_TRACKER)


def start_reporting(original: "Callable[..., int]", args: "Sequence[Any]", report: str, token: str) -> int:
    """Start a process as *original* does with *args*, with an environment that makes it report."""
    words, programs, close, passed, directory, environment, *rest = args
    if environment is None and _inheriting.acquire(False):
        try:
            return _start_inheriting(original, args, report, token)
        finally:
            _inheriting.release()
    environment = with_report(environment, report, token)
    return original(words, programs, close, passed, directory, environment, *rest)


def _start_inheriting(original: "Callable[..., int]", args: "Sequence[Any]", report: str, token: str) -> int:
    """What C code has put into the environment, as readline does, is seen by children only if all is inherited."""
    path = os.environb.get(b"PYTHONPATH")
    for name, value in _additions(path, report, token):
        os.putenv(name, value)
    try:
        return original(*args)
    finally:
        os.unsetenv(VARIABLE)
        if path is None:
            os.unsetenv("PYTHONPATH")
        else:
            os.putenv(b"PYTHONPATH", path)


def with_report(environment: list[bytes] | None, report: str, token: str) -> list[bytes]:
    """The *environment* of a process, None for a copy of this one's, extended by what makes a child report."""
    entries = _own_environment() if environment is None else list(environment)
    path = _value_of(entries, b"PYTHONPATH")
    additions = [name + b"=" + value for name, value in _additions(path, report, token)]
    if path is not None:
        entries[entries.index(b"PYTHONPATH=" + path)] = additions.pop(0)
    return entries + additions


def _additions(path: bytes | None, report: str, token: str) -> list[tuple[bytes, bytes]]:
    """*path* is what PYTHONPATH would be, None where there is none."""
    here = os.fsencode(HERE) + (os.fsencode(os.pathsep) + path if path else b"")
    state = "absent" if path is None else "present"
    return [(b"PYTHONPATH", here), (os.fsencode(VARIABLE), os.fsencode(f"{state}:{token}:{report}"))]


def is_write(mode: object, flags: object) -> bool:
    """Whether a file that is opened in this way can be written."""
    if isinstance(mode, str) and ("w" in mode or "a" in mode or "x" in mode or "+" in mode):
        return True
    return isinstance(flags, int) and bool(flags & _WRITING)


def is_path(library: "Any") -> bool:
    """Whether a library is named by where it is, and not to be searched for."""
    return isinstance(library, (str, bytes, os.PathLike)) and os.path.dirname(os.fsdecode(library)) != ""


def database(name: "Any") -> "Any":
    """What *name* says to sqlite of where its file is; None where it has none (sqlite.org/uri.html).

    Whether a name is to be taken for a URI the event does not tell: it is where no file has that very name.
    """
    try:
        text = os.fsdecode(name)
        return _file_of(text) if text.startswith("file:") and not _lexists(text) else name
    except (TypeError, ValueError):  # sqlite will complain too
        return name


def _file_of(uri: str) -> str | None:
    path, _, query = uri[len("file:") :].partition("#")[0].partition("?")
    if {"mode=memory", "vfs=memdb"} & set(query.split("&")):
        return None
    if path.startswith("//"):
        path = "/" + path[2:].partition("/")[2]
    first, *others = os.fsencode(path).split(b"%")
    return os.fsdecode(first + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in others)) or None


def flat(args: "tuple[Any, ...]") -> "list[Any]":
    """The program and its arguments, wherever an event has them; never the environment."""
    words: list[Any] = []
    for value in args:
        words += value if isinstance(value, (list, tuple)) else [value]
    return words


def is_read_too(mode: object) -> bool:
    """Whether a file that is opened to be written keeps what it holds, and can be read."""
    return isinstance(mode, str) and "+" in mode and "r" in mode


def abspath(path: str) -> str:
    """As ``os.path.abspath``, whatever a test has put in the place of that and of ``os.getcwd``."""
    if os.name == "nt":
        return _abspath(path)
    return os.path.normpath(path if os.path.isabs(path) else os.path.join(_getcwd(), path))


def absolute(value: "Any", directory: int = -1) -> str | None:
    """An absolute path; None for descriptors and what names no file.

    *directory* is the descriptor of the one that a relative path starts from, -1 for the working directory.
    """
    try:
        if value is None:
            value = "."
        text = value if isinstance(value, str) else os.fsdecode(value)
        if directory >= 0 and not os.path.isabs(text):
            text = os.path.join(_readlink(f"/proc/self/fd/{directory}"), text)
        return abspath(text) if text and not text.startswith(":") else None
    except (TypeError, ValueError, OSError):
        return None


def place_of(value: "Any") -> str | None:
    """The same for what may be a descriptor of the directory that is meant."""
    return absolute(".", value) if isinstance(value, int) else absolute(value)


def directory_in(named: "dict[str, Any]") -> int:
    """The descriptor of a directory among arguments by name; -1 where there is none."""
    directory = named.get("dir_fd")
    return directory if isinstance(directory, int) else -1


def _own_environment() -> list[bytes]:
    return [name + b"=" + value for name, value in os.environb.items()]


def _value_of(entries: list[bytes], name: bytes) -> bytes | None:
    return next((entry[len(name) + 1 :] for entry in entries if entry.startswith(name + b"=")), None)


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _is_interpreter(path: str) -> bool:
    return path in _NAMES or (bool(path) and os.path.realpath(path) == _INTERPRETER)


def _interpreter_of(script: str, start: str, environment: list[bytes] | None) -> list[str]:
    """The program in a script's first line with its options; an empty name where it has none."""
    try:
        with open(script, "rb") as file:
            line = os.fsdecode(file.read(256).partition(b"\n")[0])
    except OSError:
        return [""]
    words = line[2:].strip().split(None, 1) if line.startswith("#!") else []
    if len(words) == 2 and os.path.basename(words[0]) == "env" and "=" not in words[1] and words[1][0] != "-":
        entries = _own_environment() if environment is None else environment
        places = os.fsdecode(_value_of(entries, b"PATH") or b"").split(os.pathsep)
        found = (os.path.join(start, place, words[1]) for place in places)
        return [next(filter(_is_program, found), "")]
    return words or [""]


def _has_site(words: list[str]) -> bool:
    """Whether Python, called with these *words*, heeds PYTHONPATH and imports site."""
    waiting = iter(words)
    for word in waiting:
        if word in ("-", "--") or not word.startswith("-"):
            return True
        if word.startswith("--"):
            return False
        for place, letter in enumerate(word[1:], 2):
            if letter in "IES":
                return False
            if letter in "cm":
                return True
            if letter in "WX":
                if place == len(word):
                    next(waiting, None)
                break
    return True


# What the child does

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_IMPORTLIB = ("<frozen importlib", "<frozen runpy>", "<frozen zipimport>")
_RUNPY = os.path.join(os.sep, "runpy.py")  # frozen since Python 3.11
_REWRITE = os.path.join("_pytest", "assertion", "rewrite.py")
_FILE = __file__
_LIBRARY = os.path.join(os.path.dirname(os.__file__), "")
_ZIPPED = os.path.join(
    os.path.dirname(os.path.dirname(_LIBRARY)), f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
)
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_SYSTEM = ("/proc/", "/sys/", "/dev/")
_UNTOLD = frozenset({"os.posix_spawn", "os.exec", "os.system", "os.spawn", "cpython.PyInterpreterState_New"})
_FORKS = frozenset({"os.fork", "os.forkpty"})
_ESCAPES = ("chroot", "setuid", "seteuid", "setreuid", "setresuid")
_open, _write, _close, _lexists = os.open, os.write, os.close, os.path.lexists
_report = ""
_seen: set[tuple[str, ...]] = set()
_started = [0]
_main: list[str] = []  # has something in it when the main script has been opened
_lost: list[tuple[str, ...]] = []  # what could not be told: there was no descriptor left, no space, no session
_doors: list[str] = []  # that are watched


def _begin(order: str) -> None:
    global _report
    state, token, _report = order.split(":", 2)
    path = os.environ["PYTHONPATH"][len(HERE) + 1 :]
    if state == "absent":
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = path
    if HERE in sys.path:
        sys.path.remove(HERE)
    sys.path_importer_cache.pop(HERE, None)
    if sys.argv[0] in ("-c", "-m", ""):
        _main.append("")  # there is none
    _tell("S", token, str(os.getpid()))
    for module in list(sys.modules.values()):  # a .pth file may have imported something
        origin = getattr(module, "__file__", None)
        if origin and origin != _FILE:
            _tell_path("M", origin)
    _watch()


def begin_in_fork(report: str, token: str) -> None:
    """In a fork of the process that runs tests: from now on this one is a child like others."""
    global _report
    _report = report
    _main.append("")
    _doors.append(_DOOR)  # at which that process stands
    _tell("S", token, str(os.getpid()))
    _watch()


def _watch() -> None:
    sys.addaudithook(_hook)
    for name in ("stat", "lstat", "access", "readlink"):
        original = getattr(os, name)
        watched: Any = _Question(original)
        for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if original in supporting:
                supporting.add(watched)
        setattr(os, name, watched)
    for name in _ESCAPES:
        if hasattr(os, name):
            setattr(os, name, _Escape(getattr(os, name)))
    if _DOOR in sys.modules:
        if not _doors:
            watch_starts(start)
        _doors.append(_DOOR)
    _watch_lookups()


def _watch_lookups() -> None:
    """Importlib looks this private function up for each module that is not loaded: Python 3.10 to 3.14."""
    bootstrap: Any = sys.modules["_frozen_importlib"]
    original = bootstrap._find_spec

    def _find_spec(name: str, path: "Any", target: "Any" = None) -> "Any":
        spec = original(name, path, target)
        try:
            _note_lookup(name, path, spec)
        except Exception:  # whatever it was, the child must not see it
            _tell("O")
        return spec

    bootstrap._find_spec = _find_spec


class _Question:
    """os.stat and its like, with a note of what is asked for the program; no function, or it could become a method."""

    def __init__(self, original: "Callable[..., Any]") -> None:
        self._original = original
        self.__name__ = self.__qualname__ = original.__name__
        self.__doc__ = original.__doc__

    def __call__(self, path: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            if _is_asked_by_program(sys._getframe(1)):
                _tell_path("A", path, directory_in(kwargs))
        except Exception:  # as above
            _tell("O")
        return self._original(path, *args, **kwargs)


class _Escape:
    """A function after which the report may be out of reach."""

    def __init__(self, original: "Callable[..., Any]") -> None:
        self._original = original
        self.__name__ = original.__name__
        self.__doc__ = original.__doc__

    def __call__(self, *args: "Any") -> "Any":
        _tell("O")
        return self._original(*args)


def _hook(event: str, args: "tuple[Any, ...]") -> None:
    if event in _EVENTS:
        try:
            _note(event, args, _caller())
        except Exception:  # as above
            _tell("O")


def _caller() -> "FrameType | None":
    """The frame in which an event was raised; the interpreter itself opens the main script."""
    try:
        return sys._getframe(2)
    except ValueError:
        return None


def _note(event: str, args: "tuple[Any, ...]", frame: "FrameType | None") -> None:
    source = frame.f_code.co_filename if frame is not None else ""
    if source == _FILE:
        return
    if event in ("open", "os.scandir") and frame is not None and frame.f_code.co_name.startswith("_rmtree"):
        return  # it is about to be removed, and to which directory shutil's names are relative is not told
    special = _SPECIAL.get(event)
    if special is not None:
        special(args, source)
    elif event in _FORKS:
        _tell("F")
    elif event in _UNTOLD:
        _tell("O")
        _tell_command(flat(args), os.curdir)
    for place, directory in RETIMED.get(event, ()):
        _tell_path("T", args[place], -1 if directory is None else args[directory])
    for place, directory in WRITTEN.get(event, ()):
        _note_written(args[place], -1 if directory is None else args[directory], made=event == "os.mkdir")


def _note_open(args: "tuple[Any, ...]", source: str) -> None:
    path, mode, flags = args
    if not is_write(mode, flags):
        _tell_path("M" if _is_import(source) else "R", path)
        return
    if is_read_too(mode):
        _tell_path("R", path)
    if isinstance(path, int) or not os.path.isdir(path):  # a temporary file without a name is made "in" a directory
        _note_written(path)


def _note_listing(args: "tuple[Any, ...]", source: str) -> None:
    if not source.startswith(_IMPORTLIB):
        found = place_of(args[0])
        if found is not None:
            _tell_path("L", found)


def _note_database(args: "tuple[Any, ...]", _source: str) -> None:
    name = database(args[0])
    if name is not None:
        _tell_path("D" if _lexists(name) else "N", name)


def _note_library(args: "tuple[Any, ...]", _source: str) -> None:
    if is_path(args[0]):
        _tell_path("R", args[0])


def _note_import(args: "tuple[Any, ...]", _source: str) -> None:
    if args[0] == _DOOR and not _doors:
        _doors.append(_DOOR)  # first, for the import raises this event twice more
        watch_starts(start)


def _note_start(_args: "tuple[Any, ...]", _source: str) -> None:
    close_other_door()


_SPECIAL = {
    "open": _note_open,
    "os.listdir": _note_listing,
    "os.scandir": _note_listing,
    "sqlite3.connect": _note_database,
    "ctypes.dlopen": _note_library,
    "import": _note_import,
    "subprocess.Popen": _note_start,
}
_EVENTS = frozenset({*_SPECIAL, *_UNTOLD, *_FORKS, *WRITTEN, *RETIMED})


def _is_import(source: str) -> bool:
    """Whether code in *source* opens modules; the main script has nobody who opens it, and comes first."""
    if source:
        return source.startswith(_IMPORTLIB) or source.endswith((_RUNPY, _REWRITE))
    is_first = not _main
    _main.append(source)
    return is_first


def _note_written(path: "Any", directory: int = -1, *, made: bool = False) -> None:
    found = absolute(path, directory)
    if found is not None and not (made and _lexists(found)):  # a directory that is there already stays as it is
        _tell_path("W" if _lexists(found) else "N", found)


def _note_lookup(name: str, path: "Any", spec: "Any") -> None:
    origin = getattr(spec, "origin", None) or ""
    places = [place for place in map(_absolute, sys.path if path is None else path) if not _is_skipped(place + os.sep)]
    if not (spec is not None and spec.has_location):
        origin = ""
    if origin and not _is_skipped(os.path.abspath(origin)):
        _tell_path("M", origin)
    if places:
        _tell("I", name.rpartition(".")[2].lstrip("\n"), origin and os.path.abspath(origin), *places)


def _is_asked_by_program(frame: "FrameType | None") -> bool:
    """Whether this is asked on behalf of the program's own code, and not by the import system or by us."""
    while frame is not None:
        source = frame.f_code.co_filename
        if source == _FILE or source.startswith(_IMPORTLIB):
            return False
        if not source.startswith("<frozen") and not _is_skipped(source):
            return True
        frame = frame.f_back
    return False


def start(original: "Callable[..., int]", *args: "Any") -> int:
    """Start a grandchild; it reports to the same place."""
    words, programs, _close, _passed, directory, environment, *_rest = args
    _started[0] += 1
    token = f"{os.getpid()}-{_started[0]}"
    if not reports(words, programs, directory, environment):
        _tell("O")
        _tell_command(list(words), directory)
        return original(*args)
    if not may_outlive(words):
        _tell("X", token)
    return start_reporting(original, args, _report, token)


def _absolute(path: "Any") -> str:
    return abspath(os.fsdecode(path) or os.curdir)


def _is_skipped(path: str) -> bool:
    """Whether nothing rests on this path in any case; no more than to keep reports short."""
    return path.startswith((_LIBRARY, _ZIPPED, *_SYSTEM)) or any(part in path for part in _PACKAGES)


def _tell_command(words: "Sequence[Any]", directory: "Any") -> None:
    start = absolute(directory or os.curdir)
    if start is not None:  # else the working directory is gone
        told = [os.fsdecode(word).strip() for word in words if isinstance(word, (str, bytes, os.PathLike))]
        _tell("C", start, *told)


def _tell_path(kind: str, path: "Any", directory: int = -1) -> None:
    found = absolute(path, directory)
    if found is not None and not _is_skipped(found):
        _tell(kind, found)


def _tell(*fields: str) -> None:
    """Append a record; nothing stays open, for a child may close or count what is."""
    if fields in _seen:
        return
    record = (b"O" + END if _lost else b"") + b"\0".join(map(os.fsencode, fields)) + END
    try:
        descriptor = _open(_report, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, record)
        finally:
            _close(descriptor)
    except OSError:
        _lost.append(fields)
        return
    _lost.clear()
    _seen.add(fields)


if __name__ == "sitecustomize":
    if VARIABLE in os.environ:
        _begin(os.environ.pop(VARIABLE))
    sys.modules.pop("sitecustomize", None)
    __import__("sitecustomize")  # the one behind ours; that there is none is for site to see
