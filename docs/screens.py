"""What a person sees who uses the plugin for the first time, from a real session in an emulated terminal.

``python docs/screens.py`` writes ``docs/first-session.md``; a test checks that it is what a session shows today.
"""

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "first-session.md"
sys.path.insert(0, str(ROOT / "tests"))

from example import copy_of_example  # noqa: E402 - the tests' own way to drive a session
from harness import Screen  # noqa: E402

READY = "q to quit"
EDIT = 'FREE_DELIVERY_FROM = Decimal("50.00")', 'FREE_DELIVERY_FROM = Decimal("60.00")'
TITLE = """# A first session

Made by `python docs/screens.py` from a real session on `example_project/`, in a terminal of 80 columns.
"""


def story(project, screen):
    """Each thing that the person does, and what is on the screen then."""
    screen.see(READY)
    yield "Start: `pytest --reload-watch --tb=short`"
    project.replace("shop/pricing.py", *EDIT)
    screen.see(READY)
    yield "Red: in `shop/pricing.py` delivery becomes free from 60.00"
    screen.press("w")
    screen.see("  executed again: test_report ← shop.report ← shop.pricing: changed")
    yield "Why: `w`"
    project.replace("shop/pricing.py", *reversed(EDIT))
    screen.see(READY)
    yield "Fix: the edit is undone"
    screen.press("t")
    screen.press("deli")
    screen.see("deli_  ")
    yield "Filter: `t`, and the beginning of `delivery`"
    screen.press("\n")
    screen.see(READY)
    yield "Filter: `Enter`"
    screen.press("q")
    screen.wait_for_end()


def record():
    """The whole text."""
    parts = [TITLE]
    with tempfile.TemporaryDirectory() as directory:
        project = copy_of_example(Path(directory))
        with Screen(project, "--tb=short", environment={"NO_COLOR": "1"}) as screen:
            seen = 0
            for title in story(project, screen):
                lines, seen = screen.new_lines(seen)
                text = "\n".join(lines).replace(str(project.root), "/home/ann/shop")
                parts.append(f"## {title}\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def stable(text):
    """*text* without what differs from one machine, or one time, to another."""
    text = re.sub(r"^(platform|plugins:) .*(\n[^\n=]*)??\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\d+\.\d+ s\b|\d+\.\d+s\b", "N s", text)
    text = re.sub(r"\b0x[0-9a-f]+\b", "0x", text)
    text = re.sub(r"\d+ modules? re-executed|\d+ modules kept warm, \d+ executed", "M", text)
    return re.sub(r"([=_])\1{3,}", r"\1", text)


if __name__ == "__main__":
    TARGET.write_text(record(), encoding="utf-8")
