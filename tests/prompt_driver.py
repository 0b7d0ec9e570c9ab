"""A Python prompt for tests: executes one source a line of JSON, and answers with what a person would see."""

import contextlib
import io
import json
import sys
import traceback

sys.path[0] = ""


def execute(source):
    """What executing *source* prints, errors with their last line as examples in documents have it."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            exec(compile(source, "<stdin>", "single"), vars(sys.modules["__main__"]))
        except Exception as error:
            said = "".join(traceback.format_exception_only(type(error), error))
            shown.write(f"Traceback (most recent call last):\n  ...\n{said}")
    return shown.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(execute(json.loads(line))) + "\n")
        sys.stdout.flush()
