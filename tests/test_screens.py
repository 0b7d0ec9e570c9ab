"""The recorded first session is what a session shows today."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "docs" / "screens.py"


def test_the_recorded_first_session_is_up_to_date():
    spec = importlib.util.spec_from_file_location("screens", SCRIPT)
    screens = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(screens)
    assert screens.stable(screens.record()) == screens.stable(screens.TARGET.read_text(encoding="utf-8"))
