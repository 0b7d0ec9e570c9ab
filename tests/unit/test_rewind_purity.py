"""Which pattern stands for a temporary file, whose name is another one in each run."""

import pytest

from pytest_reloadwatch.rewind.purity import as_pattern


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/tmp/tmpab1_defg", "/tmp/tmp*"),
        ("/tmp/tmpabcdefgh", "/tmp/tmp*"),
        ("/tmp/of-this-cbivvpib.txt", "/tmp/of-this-*.txt"),
        ("/tmp/of-this-cb1vvpib/deep/file", "/tmp/of-this-*/deep/file"),
        ("/tmp/made_cbivvpib", "/tmp/made_*"),
        ("/tmp/database.db", "/tmp/database.db"),
        ("/tmp/notes.txt", "/tmp/notes.txt"),
    ],
)
def test_stands_for_what_tempfile_draws(path, pattern):
    assert as_pattern(path) == pattern
