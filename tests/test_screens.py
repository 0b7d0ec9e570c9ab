"""The recorded first session, in words and as the picture in the README, is what a session shows today."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "docs" / "screens.py"


def test_the_recorded_first_session_is_up_to_date():
    spec = importlib.util.spec_from_file_location("screens", SCRIPT)
    screens = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(screens)
    frames = screens.record()
    assert screens.stable(screens.as_text(frames)) == screens.stable(screens.TARGET.read_text(encoding="utf-8"))
    picture = screens.PICTURE.read_text(encoding="utf-8")
    assert screens.stable(screens.words_of(screens.as_picture(frames))) == screens.stable(screens.words_of(picture))
    assert "(docs/first-session.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
