"""Each edit of the hazards, in place: what reloads without an alarm says the same as a new process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hazards import imports, libraries, objects

DRIVER = Path(__file__).with_name("inplace_driver.py")
HAZARDS = {**objects.HAZARDS, **imports.HAZARDS, **libraries.HAZARDS}
# Edits, by number, that have to be taken in place.
IN_PLACE = {
    "from-import copies": (0,),
    "circular import": (0, 1),
    "class identity": (0, 1),
    "except clause": (0,),
    "enum": (0,),
    "name deleted from a module": (0,),
}


def drive(project, edited=None):
    """What the driver says, in a new process."""
    done = subprocess.run(
        [sys.executable, DRIVER], cwd=project.root, input=json.dumps(edited), stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def texts(project):
    return {name: content.decode() for name, content in project.files().items()}


@pytest.mark.parametrize("hazard", HAZARDS)
def test_in_place_is_as_cold_or_raises_an_alarm(project, hazard):
    start, *edits = HAZARDS[hazard]
    project.apply(start)
    for number, edit in enumerate(edits):
        before = texts(project)
        project.apply(edit)
        after = texts(project)
        project.restore({name: text.encode() for name, text in before.items()})
        edited = {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        warm = drive(project, edited)
        if not warm["reasons"]:
            assert warm["verdicts"] == drive(project)["verdicts"]
        assert number not in IN_PLACE.get(hazard, ()) or not warm["reasons"]
