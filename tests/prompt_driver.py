"""A prompt without a terminal: executes one source a line of JSON, and answers with what a person would see."""

import contextlib
import io
import json
import sys
import traceback

sys.path[0] = ""


def execute(source):
    """As Python does; of an error what examples in documents have of it."""
    try:
        exec(compile(source, "<stdin>", "single"), vars(sys.modules["__main__"]))
    except Exception as error:
        said = "".join(traceback.format_exception_only(type(error), error))
        sys.stdout.write(f"Traceback (most recent call last):\n  ...\n{said}")


def ipython():
    """As IPython does."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance(colors="NoColor")
    return lambda source: shell.run_cell(source, store_history=True)


if __name__ == "__main__":
    run = ipython() if sys.argv[1:] == ["ipython"] else execute
    answers = sys.stdout
    for line in sys.stdin:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            run(json.loads(line))
        answers.write(json.dumps(shown.getvalue()) + "\n")
        answers.flush()
