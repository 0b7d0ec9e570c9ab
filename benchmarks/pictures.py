"""How long the picture of a large project takes to draw, and to load in a browser without a window.

``python benchmarks/pictures.py PROJECT [MODULES…]``: PROJECT is a directory whose tests a session has run. With
numbers, the same for made-up graphs of so many modules.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser import Browser, find_browser

from pytest_reloadwatch.facts.known import Known, Module, find
from pytest_reloadwatch.pictures.graph import draw_graph
from pytest_reloadwatch.proof.model import Proof

EACH = 20  # modules of a made-up package
LOADS = 5


def made_up(size: int) -> Known:
    """Packages of modules that import some before them, and ten tests for each fourth."""
    dice = random.Random(size)
    paths = [f"/p/pkg{n // EACH:03}/module{n:04}.py" for n in range(size)]
    modules = [
        Module(path[3:-3].replace("/", "."), path, "", dice.random() / 50, dice.random() / 90, tuple(chosen))
        for n, path in enumerate(paths)
        for chosen in [dice.sample(paths[:n], min(n, dice.randrange(8)))]
    ]
    groups = [frozenset((f"<code>{path}", "x") for path in dice.sample(paths, size // 3)) for _ in range(size // 4)]
    proofs = {
        f"tests/test_{n}.py::test_{m}": Proof("", f"/p/tests/test_{n}.py", (group,), "passed", 0.1)
        for n, group in enumerate(groups)
        for m in range(10)
    }
    return Known("/p", tuple(modules), (), (), proofs)


def measure(known: Known, browser: Browser) -> None:
    began = time.perf_counter()
    text = draw_graph(known)
    drawn = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "graph.html")
        path.write_text(text, encoding="utf-8")
        loads = sorted(browser.open(path) for _ in range(LOADS))
        began = time.perf_counter()
        name = browser.evaluate("data.names[data.names.length - 1]")
        browser.press("/")
        browser.type(name)
        browser.press("Enter")
        assert name in browser.text("#panel"), "search does not find it"
        searched = time.perf_counter() - began
    size = len(known.sources())
    print(
        f"{size} modules, {len(known.proofs)} tests: {len(text) // 1024} kB, drawn in {drawn:.2f} s,"
        f" loaded in {loads[LOADS // 2]:.2f} s (slowest {loads[-1]:.2f} s), found and shown in {searched:.2f} s,"
        f" {len(browser.problems)} complaints on the console"
    )


def main() -> None:
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium is installed here")
    with Browser(program) as browser:
        measure(find(sys.argv[1]), browser)
        for size in sys.argv[2:]:
            measure(made_up(int(size)), browser)


if __name__ == "__main__":
    main()
