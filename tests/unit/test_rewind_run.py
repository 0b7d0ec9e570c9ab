"""What a run makes of its own end."""

import sys

import pytest

from pytest_reloadwatch.rewind.run import has_line


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there every instruction has a line")
def test_an_interrupt_amid_what_has_no_line_can_be_shown():
    def interrupt():
        raise KeyboardInterrupt

    interrupt.__code__ = interrupt.__code__.replace(co_linetable=b"")
    with pytest.raises(KeyboardInterrupt) as raised:
        interrupt()
    with pytest.raises(TypeError):
        raised.getrepr()
    raised.traceback = raised.traceback.filter(has_line)
    assert "KeyboardInterrupt" in str(raised.getrepr())
