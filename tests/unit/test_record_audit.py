"""What is opened is told to the recorder, except where our own record of loads reads a source to keep it."""

import sys

from pytest_reloadwatch.record import audit, loads


class Listener:
    """Stands for the recorder: keeps what it is told."""

    def __init__(self):
        self.heard = []

    def opened(self, path, frame):
        self.heard.append(path)


def frame_in(filename):
    namespace = {"sys": sys}
    exec(compile("def here(): return sys._getframe()", filename, "exec"), namespace)
    return namespace["here"]()


def test_what_others_open_is_told():
    listener = Listener()
    audit._report(listener, "open", (__file__, "r", 0), frame_in("/project/app.py"))
    assert listener.heard == [__file__]


def test_what_the_record_of_loads_reads_is_no_dependency():
    listener = Listener()
    audit._report(listener, "open", (__file__, "r", 0), frame_in(loads.__file__))
    assert listener.heard == []
