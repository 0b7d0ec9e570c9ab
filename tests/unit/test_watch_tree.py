"""Sweeps tell what changed by digest, and what was touched at least."""

import os
import time

import pytest

from pytest_reloadwatch.graph.keys import there_key
from pytest_reloadwatch.proof.digest import ABSENT, listing_key
from pytest_reloadwatch.watch.tree import Tree


@pytest.fixture
def place(tmp_path):
    (tmp_path / "a.py").write_text("one")
    return tmp_path


def followed(*keys):
    tree = Tree()
    tree.track(map(str, keys))
    return tree


def test_nothing_changed(place):
    tree = followed(place / "a.py")
    found = tree.sweep()
    assert not found.changed
    assert not found.touched


def test_an_edit(place):
    tree = followed(place / "a.py")
    before = tree.digest(str(place / "a.py"))
    (place / "a.py").write_text("two")
    assert tree.sweep().changed == {str(place / "a.py")}
    assert tree.digest(str(place / "a.py")) != before
    assert (str(place / "a.py"), before) not in tree.entries


def test_touched_without_change(place):
    tree = followed(place / "a.py")
    os.utime(place / "a.py", (1, 1))
    found = tree.sweep()
    assert not found.changed
    assert found.touched == {str(place / "a.py")}


def test_same_size_and_same_time_stamp(place):
    path = place / "a.py"
    tree = followed(path)
    stamp = os.stat(path).st_mtime_ns
    path.write_text("two")
    os.utime(path, ns=(stamp, stamp))
    assert tree.sweep().changed == {str(path)}


def test_an_older_time_stamp(place):
    path = place / "a.py"
    tree = followed(path)
    path.write_text("older")
    os.utime(path, (1000, 1000))
    assert tree.sweep().changed == {str(path)}


def test_replaced_by_rename(place):
    tree = followed(place / "a.py")
    (place / "new").write_text("two")
    (place / "new").rename(place / "a.py")
    assert tree.sweep().changed == {str(place / "a.py")}


def test_a_link_that_leads_elsewhere_though_to_the_same_content(place):
    (place / "same").mkdir()
    for name in "one", "two", "same/one":
        (place / name).write_text("same")
    (place / "link").symlink_to("one")
    (place / "directory").symlink_to(place)
    tree = followed(place / "link", place / "directory")
    for name, target in ("link", "two"), ("directory", "same"):
        (place / name).unlink()
        (place / name).symlink_to(target)
    assert tree.sweep().changed == {str(place / "link"), str(place / "directory")}


def test_a_link_that_leads_nowhere_comes_changes_and_goes(place):
    tree = followed(place / "link")
    for target in ("nowhere", "elsewhere"):
        (place / "link").unlink(missing_ok=True)
        (place / "link").symlink_to(target)
        assert tree.sweep().changed == {str(place / "link")}
    (place / "link").unlink()
    assert tree.sweep().changed == {str(place / "link")}


def test_whether_a_source_is_there(place):
    key = there_key(str(place / "a.py"))
    tree = followed()
    tree.track_lines([key])
    (place / "a.py").write_text("another")
    assert key not in tree.sweep().changed
    (place / "a.py").unlink()
    assert key in tree.sweep().changed


def test_gone_and_back(place):
    path = place / "a.py"
    tree = followed(path)
    path.unlink()
    assert tree.sweep().changed == {str(path)}
    assert tree.digest(str(path)) == ABSENT
    path.write_text("one")
    assert tree.sweep().changed == {str(path)}


def test_a_file_that_was_awaited_in_a_directory_that_was_not_there(place):
    path = place / "package" / "sub" / "__init__.py"
    tree = followed(path)
    assert not tree.exists(str(path))
    assert not tree.sweep().changed
    path.parent.mkdir(parents=True)
    assert not tree.sweep().changed
    path.write_text("")
    assert tree.sweep().changed == {str(path)}


def test_a_listing_without_what_editors_leave(place):
    key = listing_key(str(place))
    tree = followed(key)
    for name in (".a.py.swp", "a.py~", "4913", "#a.py#", ".#a.py", "a.py___jb_tmp___", "__pycache__"):
        (place / name).write_text("")
    assert not tree.sweep().changed
    (place / "b.py").write_text("")
    assert tree.sweep().changed == {key}


def test_where_events_matter(place):
    tree = followed(place / "a.py", place / "p" / "x.py", listing_key(str(place)))
    assert tree.directories() == {str(place)}


def test_first_looked_at_after_a_moment(place):
    path = str(place / "a.py")
    tree = followed(path)
    assert tree.new_since(0) == {path}
    assert tree.new_since(1 << 62) == set()


class TestMayHaveMoved:
    """A process says what it has read since a moment, perhaps much later."""

    def test_not_what_was_looked_at_before_and_is_the_same(self, place):
        path = str(place / "a.py")
        assert not followed(path).may_have_moved([path], time.time_ns())

    def test_what_was_written_since_and_is_not_swept_yet(self, place):
        path = str(place / "a.py")
        tree, moment = followed(path), time.time_ns()
        (place / "a.py").write_text("another")
        assert tree.may_have_moved([path], moment)

    def test_what_was_written_since_and_swept(self, place):
        path = str(place / "a.py")
        tree, moment = followed(path), time.time_ns()
        (place / "a.py").write_text("another")
        tree.sweep()
        assert tree.may_have_moved([path], moment)

    def test_what_was_first_looked_at_since_is_judged_by_its_age(self, place):
        path = str(place / "a.py")
        written = os.stat(path).st_ctime_ns
        assert followed(path).may_have_moved([path], written)
        os.utime(path, ns=(0, 0))
        assert not followed(path).may_have_moved([path], os.stat(path).st_ctime_ns + 1_000_000_000)


def test_what_comes_into_a_listed_directory_is_looked_at_before_anybody_reads_it(place):
    listing = listing_key(str(place))
    tree = followed(listing)
    new = [place / "new.list", place / "sub" / "deeper.list"]
    (place / "sub").mkdir()
    for path in new:
        path.write_text("just now")
    assert tree.sweep().changed == {listing}
    moment = time.time_ns()
    tree.track([*map(str, new), listing_key(str(place / "sub"))])
    assert not tree.new_since(moment)


def test_what_nobody_could_read_or_is_too_much_is_not(place):
    tree = followed(listing_key(str(place)))
    os.mkfifo(place / "pipe")
    (place / "large").write_bytes(bytes(2 << 20))
    (place / "#lock").write_text("an editor's")
    tree.sweep()
    assert not any(str(place / name) in tree for name in ("pipe", "large", "#lock"))
    for number in range(50):
        (place / f"{number}.txt").write_text("unpacked")
    tree.sweep()
    assert str(place / "7.txt") not in tree
