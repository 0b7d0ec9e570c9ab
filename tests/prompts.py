"""Prompts of Python and IPython for documents: what is typed there is executed, and shown with what it prints."""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).with_name("prompt_driver.py")
# IPython takes an active virtual environment that is not its own for a mistake, and warns.
_UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV")
_CELL = re.compile(r"^(In \[\d+\]: )(.*\n(?: +\.\.\.: .*\n)*)", re.MULTILINE)
_MORE = re.compile(r"^ +\.\.\.: ", re.MULTILINE)


class Prompt:
    """One process that executes what is typed; *kind* is ``pycon`` or ``ipython``, as a document names such blocks."""

    def __init__(self, directory, kind="pycon"):
        self._directory = os.path.realpath(directory)
        environment = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        self._process = subprocess.Popen(
            [sys.executable, DRIVER, kind], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**environment, "IPYTHONDIR": os.path.join(self._directory, ".ipython"), "NO_COLOR": "1"},
        )  # fmt: skip
        self._follow = {"pycon": self._follow_python, "ipython": self._follow_ipython}[kind]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def follow(self, text):
        """Type what a block says; the block as it should be is the answer."""
        return self._follow(text)

    def _follow_python(self, text):
        return "".join(map(self._example, doctest.DocTestParser().parse(text)))

    def _example(self, part):
        if isinstance(part, str):
            assert not part.strip(), f"not typed at a prompt: {part!r}"
            return part
        first, *more = part.source.splitlines()
        return "".join([f">>> {first}\n", *(f"... {line}\n" for line in more), self._type(part.source)])

    def _follow_ipython(self, text):
        cells = [self._cell(*cell.groups()) for cell in _CELL.finditer(text)]
        return "\n".join(cells)

    def _cell(self, prompt, source):
        shown = self._type(_MORE.sub("", source))
        return prompt + source + (shown if not shown or shown.endswith("\n") else shown + "\n")

    def _type(self, source):
        self._process.stdin.write(json.dumps(source) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline()).replace(f"{self._directory}{os.sep}", "")
