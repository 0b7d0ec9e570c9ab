"""What a person sees who uses the plugin for the first time, from a real session in an emulated terminal.

``python docs/screens.py`` writes ``docs/first-session.md`` and ``docs/first-session.svg``, the same as a picture, which
the README shows; a test checks that both are what a session shows today.
"""

import re
import sys
import tempfile
import xml.etree.ElementTree as ET
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "first-session.md"
PICTURE = ROOT / "docs" / "first-session.svg"
sys.path.insert(0, str(ROOT / "tests"))

from example import copy_of_example  # noqa: E402 - the tests' own way to drive a session
from harness import Screen  # noqa: E402

READY = "q to quit"
EDIT = 'FREE_DELIVERY_FROM = Decimal("50.00")', 'FREE_DELIVERY_FROM = Decimal("60.00")'
COLUMNS, MOST_LINES = 80, 200
TITLE = """# A first session

Made by `python docs/screens.py` from a real session on `example_project/`, in a terminal of 80 columns.
"""
WIDTH, HEIGHT, SIZE, MARGIN = 8.4, 18, 14, 16  # of a character, of a line, of the font, around all: in pixels
INK, PAPER, CAPTION, BAND = "#d6dae0", "#16191f", "#ffffff", "#2b3340"
INKS = {"red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341", "blue": "#79c0ff", "cyan": "#76e3ea"}
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def story(project, screen):
    """Each thing that the person does, and what is on the screen then."""
    screen.see(READY)
    yield "Start: `pytest --reload-watch -q --tb=short`"
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
    yield "Quit: `q`"


def record():
    """For each thing that the person does its name and the lines on the screen; a line is parts, each with its ink."""
    with tempfile.TemporaryDirectory() as directory:
        project = copy_of_example(Path(directory))
        with Screen(project, "-q", "--tb=short", columns=COLUMNS, environment={"TERM": "xterm-256color"}) as screen:
            frames, seen = [], 0
            for title in story(project, screen):
                shown = screen.output()
                frames.append((title, seen_by_a_person(shown[seen:])))
                seen = len(shown)
    return frames


def seen_by_a_person(shown):
    """The lines of an emulated terminal, without empty ones around them."""
    emulated = pyte.Screen(COLUMNS, MOST_LINES)
    pyte.Stream(emulated).feed(shown.replace("\n", "\r\n"))
    rows = [[emulated.buffer[row][column] for column in range(COLUMNS)] for row in range(MOST_LINES)]
    lines = [[(ink, "".join(c.data for c in cells)) for ink, cells in groupby(row, ink_of)] for row in rows]
    filled = [number for number, line in enumerate(lines) if text_of(line)]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def ink_of(cell):
    return INKS.get(cell.fg.removeprefix("bright"), INK), cell.bold


def text_of(line):
    return "".join(text for _, text in line).rstrip()


def as_text(frames):
    """The whole document."""
    parts = [TITLE]
    for title, lines in frames:
        text = "\n".join(map(text_of, lines))
        parts.append(
            f"## {title}\n" + (f"\n```\n{text}\n```\n" if text else "\nThe session is over, with exit code 0.\n")
        )
    return "\n".join(parts)


def as_picture(frames):
    """One tall screen: a caption for each thing that the person does, and what it showed."""
    shapes, y = [], MARGIN
    across = round(2 * MARGIN + COLUMNS * WIDTH)
    for title, lines in frames:
        shapes.append(f'<rect x="0" y="{y}" width="{across}" height="{HEIGHT + 8}" fill="{BAND}"/>')
        caption = escape(title.replace("`", ""))
        shapes.append(f'<text x="{MARGIN}" y="{y + HEIGHT}" fill="{CAPTION}" font-weight="bold">{caption}</text>')
        y += HEIGHT + 16
        for line in lines:
            y += HEIGHT
            shapes.extend(drawn(line, y - 4))
        y += 12
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {y}" width="{across}" height="{y}" '
        f'font-family="{FONT}" font-size="{SIZE}" role="img" aria-label="A first session">'
    )
    paper = f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
    return "\n".join([head, paper, *shapes, "</svg>"]) + "\n"


def drawn(line, y):
    """Words stand where the terminal has them, whatever font there is."""
    column = 0
    for (ink, bold), text in line:
        for part in re.finditer(r"\S+(?: \S+)*", text):
            x, wide = MARGIN + (column + part.start()) * WIDTH, len(part[0]) * WIDTH
            weight = ' font-weight="bold"' if bold else ""
            place = f'x="{x:.1f}" y="{y}" textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs"'
            yield f'<text {place} fill="{ink}"{weight}>{escape(part[0])}</text>'
        column += len(text)


def words_of(picture):
    """Every text of a picture with its ink. Raises ParseError where it is no XML."""
    found = ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return "\n".join(f"{text.get('fill')} {text.text}" for text in found)


def stable(text):
    """*text* without what differs from one machine, or one time, to another."""
    text = re.sub(r"\d+\.\d+ s\b|\d+\.\d+s\b", "N s", text)
    text = re.sub(r"\b0x[0-9a-f]+\b", "0x", text)
    text = re.sub(r"\d+ modules? re-executed|\d+ modules? kept warm, \d+ executed", "M", text)
    text = re.sub(r"^(#\w+ )?[E ]? *[\^~]+\n", "", text, flags=re.MULTILINE)  # marks that Python has since 3.11
    return re.sub(r"([=_])\1{3,}", r"\1", text)


if __name__ == "__main__":
    recorded = record()
    TARGET.write_text(as_text(recorded), encoding="utf-8")
    PICTURE.write_text(as_picture(recorded), encoding="utf-8")
