"""Every snippet of docs/reload.md, executed at a prompt of its own section.

`python tests/test_reload_docs.py` writes into the page what they show now.
Read the difference before you commit what it wrote.
"""

import os
import re
import tempfile
from pathlib import Path

import pytest
from prompts import Prompt

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reload.md"
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"# (?P<name>\w+\.py)(?P<quick>, in the same second)?\n")
BEGINNING = 1_700_000_000  # when the first file of a section is saved, in seconds


def sections():
    """Title and text of each part with a heading of its own."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [(part.partition("\n")[0], part) for part in parts if BLOCK.search(part)]


class Reader:
    """Somebody who follows one section: saves files in *directory*, and types at one prompt there."""

    def __init__(self, directory):
        self._directory = Path(directory)
        self._now = BEGINNING
        self._prompt = Prompt(directory)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._prompt.__exit__()

    def follow(self, kind, text):
        """Do what a block says; the block as it should be is the answer."""
        return self._save(text) if kind == "python" else self._prompt.follow(text)

    def _save(self, text):
        """As a person saves, some seconds after the time before, unless it is said otherwise."""
        name, quick = SAVED.match(text).group("name", "quick")
        self._now += 0 if quick else 3
        path = self._directory / name
        path.write_text(SAVED.sub("", text, count=1), encoding="utf-8")
        os.utime(path, (self._now, self._now))
        return text


def written(section, directory):
    """A section with what its blocks say and show when they are executed."""
    with Reader(directory) as reader:
        return BLOCK.sub(lambda block: f"```{block['kind']}\n{reader.follow(*block.groups())}```", section)


@pytest.mark.parametrize(("title", "section"), sections(), ids=[title for title, _ in sections()])
def test_every_snippet_shows_what_the_page_says(title, section, tmp_path):
    assert written(section, tmp_path) == section


def test_there_is_no_block_that_nothing_executes():
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == {"python", "pycon"}
    assert sum(len(BLOCK.findall(section)) for _, section in sections()) == len(blocks)


def write():
    """Put into the page what its snippets show now."""
    text = PAGE.read_text(encoding="utf-8")
    for _, section in sections():
        with tempfile.TemporaryDirectory() as directory:
            text = text.replace(section, written(section, directory))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
