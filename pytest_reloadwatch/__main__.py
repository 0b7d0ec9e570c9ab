"""``python -m pytest_reloadwatch``: ask the running session of this directory, or draw what is known of it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.commands import codes
from pytest_reloadwatch.commands.parser import make_parser
from pytest_reloadwatch.exceptions import NoSessionError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = make_parser().parse_args(arguments)
    try:
        code: int = chosen.action(chosen)
    except NoSessionError as error:
        print(error, file=sys.stderr)
        return codes.NO_SESSION
    except TimeoutError:
        print(f"not settled within {chosen.timeout:g} s", file=sys.stderr)
        return codes.TIMED_OUT
    except KeyboardInterrupt:
        return codes.INTERRUPTED
    except BrokenPipeError:  # whoever read it has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the interpreter's end to flush
        return codes.GOOD
    return code


if __name__ == "__main__":
    raise SystemExit(main())
