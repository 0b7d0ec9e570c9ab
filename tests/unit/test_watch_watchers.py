"""Every watcher passes the same suite: it wakes when something changed in a watched directory."""

import select
import sys

import pytest

from pytest_reloadwatch.watch.watchers import InotifyWatcher, ObserverWatcher, PollWatcher, make_watcher

BOUND = 20  # seconds; an event that has not come by then will not come

BACKENDS = [
    pytest.param(lambda: PollWatcher(seconds=0.05), id="poll"),
    pytest.param(ObserverWatcher, id="observer"),
    pytest.param(
        InotifyWatcher, id="inotify", marks=pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
    ),
]


@pytest.fixture(params=BACKENDS)
def watcher(request):
    found = request.param()
    yield found
    found.close()


def wakes(watcher):
    readable, _, _ = select.select([watcher.fileno()], [], [], BOUND)
    if readable:
        watcher.drain()
    return bool(readable)


def test_a_save_in_place(watcher, tmp_path):
    (tmp_path / "a.py").write_text("one")
    watcher.watch([str(tmp_path)])
    watcher.drain()
    (tmp_path / "a.py").write_text("two")
    assert wakes(watcher)


def test_a_save_by_rename(watcher, tmp_path):
    (tmp_path / "a.py").write_text("one")
    watcher.watch([str(tmp_path)])
    (tmp_path / "new").write_text("two")
    watcher.drain()
    (tmp_path / "new").rename(tmp_path / "a.py")
    assert wakes(watcher)


def test_a_file_that_goes(watcher, tmp_path):
    (tmp_path / "a.py").write_text("one")
    watcher.watch([str(tmp_path)])
    watcher.drain()
    (tmp_path / "a.py").unlink()
    assert wakes(watcher)


def test_a_directory_that_is_watched_later(watcher, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    watcher.watch([str(tmp_path / "one")])
    watcher.watch([str(tmp_path / "one"), str(tmp_path / "two")])
    watcher.drain()
    (tmp_path / "two" / "a.py").write_text("")
    assert wakes(watcher)


def test_a_directory_that_went_and_came_back(watcher, tmp_path):
    place = tmp_path / "one"
    place.mkdir()
    watcher.watch([str(tmp_path), str(place)])
    place.rmdir()
    assert wakes(watcher)
    watcher.watch([str(tmp_path)])
    place.mkdir()
    assert wakes(watcher)
    watcher.watch([str(tmp_path), str(place)])
    watcher.drain()
    (place / "a.py").write_text("")
    assert wakes(watcher)


def test_a_directory_that_is_not_there_is_no_error(watcher, tmp_path):
    watcher.watch([str(tmp_path / "nowhere")])


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_inotify_does_not_look_below_a_directory(tmp_path):
    (tmp_path / "deep").mkdir()
    watcher = InotifyWatcher()
    watcher.watch([str(tmp_path)])
    (tmp_path / "deep" / "a.py").write_text("")
    readable, _, _ = select.select([watcher.fileno()], [], [], 0)
    assert not readable
    watcher.close()


def test_polling_on_request():
    watcher = make_watcher(poll=True)
    assert isinstance(watcher, PollWatcher)
    assert watcher.problem == ""
    watcher.close()


def test_polling_where_events_fail(monkeypatch):
    def fail(*_):
        raise OSError("no more watches")

    monkeypatch.setattr(InotifyWatcher, "__init__", fail)
    monkeypatch.setattr(ObserverWatcher, "__init__", fail)
    watcher = make_watcher(poll=False)
    assert isinstance(watcher, PollWatcher)
    assert "no more watches" in watcher.problem
    watcher.close()
